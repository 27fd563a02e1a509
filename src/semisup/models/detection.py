"""Logits of images together with what a detector of unknown classes says of them."""

from torch import Tensor, nn

from semisup.models.backbones import Backbone
from semisup.models.outputs import Outputs, distribution_logits


def logits_and_unknown(
    network: nn.Module, detector: nn.Module | None, x: Tensor, outputs: Outputs = "softmax"
) -> tuple[Tensor, Tensor]:
    """Logits, and how likely each image is of none of the classes, in one forward pass.

    Args:
        network: A Backbone, if there is a detector.
        detector: Maps features (N, D) and logits (N, K) to a score from 0 to 1, (N,). None: the score is
            1 - max softmax(logits).
        x: N inputs of the network.
        outputs: What makes probabilities of its logits.

    Returns:
        Logits (N, K), as of `distribution_logits`, and scores (N,), float32.
    """
    if detector is None:
        logits = distribution_logits(network(x), outputs)
        return logits, 1 - logits.softmax(-1).amax(-1)
    assert isinstance(network, Backbone)
    features = network.features(x)
    logits = network.head(features)
    return distribution_logits(logits, outputs), detector(features, logits).float()
