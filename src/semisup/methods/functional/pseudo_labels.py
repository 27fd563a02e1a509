"""Pseudo-labels of predictions."""

from torch import Tensor

from semisup.methods.functional.probabilities import sharpened_softmax
from semisup.methods.step_output import PseudoLabels
from semisup.models.outputs import Outputs


def hard_pseudo_labels(logits: Tensor, threshold: float | Tensor, outputs: Outputs = "softmax") -> PseudoLabels:
    """The most probable class of each image, with weight 1 where the network is confident and 0 elsewhere.

    Source: Sohn et al., 2020, arXiv:2001.07685, eq. 4.

    Args:
        logits: (N, K), any float type.
        threshold: A probability; or one for each class, (K,), of which each image must reach that of its target.
        outputs: What makes probabilities of the logits; those of 'sigmoid' need not sum to 1.

    Returns:
        Targets (N,) int64, weights (N,) float32 and confidences (N,) float32.
    """
    if outputs == "softmax":
        return confident_classes(sharpened_softmax(logits), threshold)
    largest, target = logits.detach().float().max(-1)  # of the logits, as σ rounds large ones to the same 1
    confidence = largest.sigmoid()
    return PseudoLabels(target, (confidence >= threshold).float(), confidence)


def confident_classes(probability: Tensor, threshold: float | Tensor) -> PseudoLabels:
    """As `hard_pseudo_labels`, of probabilities.

    Args:
        probability: (N, K).
        threshold: A probability; or one for each class, (K,), of which each image must reach that of its target.

    Returns:
        Targets (N,) int64, weights (N,) float32 and confidences (N,) float32.
    """
    confidence, target = probability.max(-1)
    limit = threshold[target] if isinstance(threshold, Tensor) and threshold.ndim else threshold
    return PseudoLabels(target, (confidence >= limit).float(), confidence)


def soft_pseudo_labels(logits: Tensor, threshold: float, temperature: float) -> PseudoLabels:
    """As `hard_pseudo_labels`, with sharpened probabilities as targets.

    Source: Xie et al., 2020, arXiv:1904.12848, section 3.

    Args:
        logits: (N, K), any float type.
        threshold: Of the probability before it is sharpened.
        temperature: T; below 1 it sharpens.

    Returns:
        Targets (N, K) float32, weights (N,) float32 and confidences (N,) float32.
    """
    return hard_pseudo_labels(logits, threshold)._replace(target=sharpened_softmax(logits, temperature))
