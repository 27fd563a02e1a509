"""The shares of the classes in labeled and unlabeled images, for logit adjustment in a long tail."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.errors import SemisupError
from semisup.core.ranges import Positive, enforce_ranges

_DECAY = 0.99
_SMALLEST = 1e-4  # a class without predictions keeps a chance


@enforce_ranges
class ClassPrior(nn.Module):
    """π of labeled, of unlabeled and of all images, in buffers, and the logits that belong to them.

    A network that is trained through softmax(z + τ log π) gives logits z for classes of equal size: Menon et al., 2021,
    arXiv:2007.07314, eq. 10. SimPro estimates π of the unlabeled images from the predictions on them: Du et al., 2024,
    arXiv:2402.13505. Departures from SimPro: the estimate is the moving average, of decay .99, of the mean prediction
    on all images instead of the counts of confident ones; it moves at each step.

    Args:
        classes: K.
        strength: τ.
        estimated: Whether π of the unlabeled images is estimated; otherwise it is that of the labeled ones.

    Raises:
        SemisupError: If `classes` is None.
    """

    labels: Tensor  # (K,), how many labels of each class were seen, and one more of each
    unlabeled: Tensor  # π of the unlabeled images, (K,)
    every: Tensor  # π of all images of a step, (K,)

    def __init__(self, classes: int | None, strength: Positive, estimated: bool) -> None:
        super().__init__()
        if classes is None:
            raise SemisupError("method.logit_adjustment needs the number of classes: give classes=K.")
        self.strength, self.estimated = strength, estimated
        self.register_buffer("labels", torch.ones(classes))
        self.register_buffer("unlabeled", torch.full((classes,), 1 / classes))
        self.register_buffer("every", torch.full((classes,), 1 / classes))

    @torch.no_grad()
    def update(self, probability: Tensor, label: Tensor) -> None:
        """Moves the shares towards those of this step.

        Args:
            probability: Predictions on unlabeled images, (uB, K), of all processes.
            label: Classes of labeled images, (B,) int64, of all processes.
        """
        self.labels += F.one_hot(label, len(self.labels)).sum(0)
        labeled = self.labels / self.labels.sum()
        self.unlabeled.copy_(self.unlabeled.lerp(probability.mean(0), 1 - _DECAY) if self.estimated else labeled)
        self.every.copy_((len(label) * labeled + len(probability) * self.unlabeled) / (len(label) + len(probability)))

    def of_every(self) -> Tensor:
        """τ log π of all images, (K,)."""
        return self.strength * self.every.clamp_min(_SMALLEST).log()

    def of_unlabeled(self) -> Tensor:
        """τ log π of the unlabeled images, (K,)."""
        return self.strength * self.unlabeled.clamp_min(_SMALLEST).log()
