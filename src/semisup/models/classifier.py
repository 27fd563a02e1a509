"""A trained network that maps raw inputs to calibrated probabilities."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.ranges import Positive, enforce_ranges
from semisup.models.backbones import Backbone
from semisup.models.detection import logits_and_unknown
from semisup.models.outputs import Outputs, distribution_logits


class FrozenNetwork(Backbone):
    """A frozen network with a head that was trained on its features.

    Args:
        frozen: Maps images to features.
        trained: Takes these features, such as Linear.
        normalize: Whether features are scaled to length 1 first, as those were that `trained` was trained on.
    """

    takes_rows = True  # the frozen network resizes its images itself

    def __init__(self, frozen: Backbone, trained: Backbone, normalize: bool = False) -> None:
        super().__init__(frozen.shape, trained.classes)
        self.frozen, self.trained, self.num_features = frozen, trained, trained.num_features
        self.head, self.normalize = trained.head, normalize

    def features(self, x: Tensor) -> Tensor:
        features = self.frozen.features(x)
        return self.trained.features(F.normalize(features, dim=-1) if self.normalize else features)


@enforce_ranges
class Classifier(nn.Module):
    """Normalization, network and temperature in one module, which predicts and is exported.

    It maps images (N, H, W, C) uint8, or rows of a table (N, D) float32, to probabilities softmax(logits / T), (N, K)
    float32, of the logits of `distribution_logits`. Inputs are normalized as in the plain view (ImageViews,
    TableViews), to the last bit.

    Args:
        network: The network; the classifier is in evaluation mode.
        mean: Of each channel, with values in [0, 1], or of each column.
        std: Of each channel or column.
        temperature: T.
        outputs: What makes probabilities of the network's logits.
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        network: Backbone,
        mean: Sequence[float],
        std: Sequence[float],
        temperature: Positive = 1.0,
        outputs: Outputs = "softmax",
    ) -> None:
        super().__init__()
        self.network, self.rows = network, len(network.shape) == 1
        self.temperature, self.outputs = temperature, outputs
        mean64, std64 = torch.tensor(mean, dtype=torch.float64), torch.tensor(std, dtype=torch.float64)
        # images: scale · image + shift; rows: (row - shift) / scale
        scale, shift = (std64, mean64) if self.rows else (1 / (255 * std64), -mean64 / std64)
        self.register_buffer("scale", scale.float(), persistent=False)
        self.register_buffer("shift", shift.float(), persistent=False)
        self.eval()

    def forward(self, inputs: Tensor) -> Tensor:
        return (self.logits(inputs) / self.temperature).softmax(-1)

    def logits(self, inputs: Tensor) -> Tensor:
        """The logits, without the temperature.

        Args:
            inputs: Images or rows, as in `forward`.

        Returns:
            (N, K) float32.
        """
        return distribution_logits(self.network(self.normalized(inputs)), self.outputs)

    def normalized(self, inputs: Tensor) -> Tensor:
        """The plain view.

        Args:
            inputs: Images or rows, as in `forward`.

        Returns:
            What the network takes, (N, C, H, W) or (N, D) float32.
        """
        if self.rows:
            return (inputs - self.shift) / self.scale
        return (inputs.float() * self.scale + self.shift).permute(0, 3, 1, 2)


class OpenSetClassifier(nn.Module):
    """Probabilities of the K classes, and how likely an input is of none of them.

    Args:
        classifier: For the probabilities.
        detector: As in `logits_and_unknown`; None: the score is 1 - the largest probability.
    """

    def __init__(self, classifier: Classifier, detector: nn.Module | None) -> None:
        super().__init__()
        self.classifier, self.detector = classifier, detector
        self.eval()

    def forward(self, inputs: Tensor) -> Tensor:
        """(N, K + 1) float32: the probabilities, and the score from 0 to 1.

        Args:
            inputs: As of Classifier.
        """
        views = self.classifier.normalized(inputs)
        logits, unknown = logits_and_unknown(self.classifier.network, self.detector, views, self.classifier.outputs)
        probability = (logits / self.classifier.temperature).softmax(-1)
        unknown = 1 - probability.amax(-1) if self.detector is None else unknown
        return torch.cat([probability, unknown[:, None]], dim=-1)
