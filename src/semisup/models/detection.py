"""Logits of images together with what a detector of unknown classes says of them."""

from torch import Tensor, nn

from semisup.models.backbones import Backbone


def logits_and_unknown(network: nn.Module, detector: nn.Module | None, x: Tensor) -> tuple[Tensor, Tensor]:
    """Logits, and how likely each image is of none of the classes, in one forward pass.

    Args:
        network: A Backbone, if there is a detector.
        detector: Maps features (N, D) and logits (N, K) to a score from 0 to 1, (N,). None: the score is
            1 - max softmax(logits).
        x: N inputs of the network.

    Returns:
        Logits (N, K) and scores (N,), float32.
    """
    if detector is None:
        logits = network(x).float()
        return logits, 1 - logits.softmax(-1).amax(-1)
    assert isinstance(network, Backbone)
    features = network.features(x)
    logits = network.head(features)
    return logits.float(), detector(features, logits).float()
