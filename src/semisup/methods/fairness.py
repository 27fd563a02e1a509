"""The fairness of FreeMatch: a pull towards predicting all classes."""

import torch
from torch import Tensor
from torch.nn import functional as F


def kept_classes(logits: Tensor, weight: Tensor) -> Tensor:
    """The sums of the predictions and of the predicted classes, over the images that are kept.

    Args:
        logits: Of strong views, (N, K). The gradient flows through the predictions.
        weight: Of the images, (N,).

    Returns:
        (2, K) float32.
    """
    probability = logits.float().softmax(-1)
    shown = F.one_hot(probability.argmax(-1), probability.shape[-1]).float()
    return (weight[:, None, None] * torch.stack([probability, shown], 1)).sum(0)


def sum_norm(probability: Tensor, histogram: Tensor) -> Tensor:
    """probability / histogram, divided by its sum; 0 for classes whose histogram is 0.

    Source: SumNorm of Wang et al., 2023, arXiv:2205.07246.

    Args:
        probability: (K,).
        histogram: (K,).

    Returns:
        (K,), of sum 1.
    """
    ratio = torch.where(histogram > 0, probability / histogram.clamp_min(1e-6), 0)
    return ratio / ratio.sum().clamp_min(1e-6)


def self_adaptive_fairness(mean: Tensor, mean_histogram: Tensor, probability: Tensor, histogram: Tensor) -> Tensor:
    """Σ norm(mean / mean_histogram) · log norm(probability / histogram) over the classes that occur.

    It is lowest where the classes that `mean` favors are the least in `probability`. norm is `sum_norm`.

    Source: L_f of Wang et al., 2023, arXiv:2205.07246. Departure: a class whose histogram is 0 adds nothing.

    Args:
        mean: The moving average of the predictions, (K,), up to a factor.
        mean_histogram: The moving average of the predicted classes, (K,), up to a factor.
        probability: The sum of this step's predictions, (K,), up to a factor.
        histogram: The counts of this step's predicted classes, (K,), up to a factor.

    Returns:
        A scalar.
    """
    ratio = torch.where(histogram > 0, sum_norm(probability, histogram), 1)
    return (sum_norm(mean, mean_histogram) * ratio.log()).sum()
