"""How well a network's confidence agrees with its accuracy, and temperature scaling, which improves that."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from semisup.core.errors import SemisupError

BINS = 15
BOUNDS = (0.05, 20.0)  # of a temperature: a network that is worse than chance has no largest one


def calibration_bins(confidence: Tensor, correct: Tensor, weight: Tensor | None = None) -> Tensor:
    """Sorts images by their confidence into 15 bins of equal width, without waiting for the device.

    A bin contains its lower edge. A confidence of exactly 1 is in the last bin. Bins of several batches can be added.

    Args:
        confidence: The probability of the predicted class, (N,) float.
        correct: Whether the prediction is correct, (N,) bool or float.
        weight: How much each image counts, (N,) float; None for 1 each.

    Returns:
        (15, 3), of the type of `confidence`: images, correct images, and the sum of the confidences of each bin.
    """
    weight = torch.ones_like(confidence) if weight is None else weight
    columns = torch.stack([weight, weight * correct, weight * confidence], dim=-1)
    bins = torch.zeros(BINS, 3, dtype=columns.dtype, device=columns.device)
    return bins.index_add_(0, (confidence * BINS).long().clamp(0, BINS - 1), columns)


def calibration_error(bins: Tensor) -> float:
    """The expected calibration error: the mean over images of |accuracy - confidence| of their bin.

    Source: Guo et al., 2017, arXiv:1706.04599, eq. 5.

    Args:
        bins: As from `calibration_bins`, with at least one image.

    Returns:
        The error, from 0 to 1.
    """
    # torchmetrics has a bin more, for a confidence of 1: with as many terms, the sums are equal to the last bit.
    images, correct, confidence = F.pad(bins, (0, 0, 0, 1)).unbind(-1)
    gap = (torch.nan_to_num(correct / images) - torch.nan_to_num(confidence / images)).abs()
    return float((gap * (images / images.sum())).sum())


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """softmax(logits / T) in float64, where large logits do not overflow and keep their order.

    Args:
        logits: (N, K).
        temperature: T.

    Returns:
        Probabilities (N, K).
    """
    scaled = logits.astype(np.float64) / temperature
    power = np.exp(scaled - scaled.max(-1, keepdims=True))
    return power / power.sum(-1, keepdims=True)


def fit_temperature(logits: NDArray[np.floating], label: NDArray[np.int64]) -> float:
    """The T, from 0.05 to 20, with the least mean cross-entropy of softmax(logits / T).

    Source: Guo et al., 2017, arXiv:1706.04599, section 4.2. Departure: 1 / (N + 2) of each image counts for the most
    probable of the other classes, as in Platt (1999) for two classes. Otherwise a few images, all predicted correctly,
    give the lowest T. Of 500 images, the share is .002.

    Args:
        logits: (N, K), of images that did not train the network.
        label: Their classes, (N,).

    Returns:
        T; above 1 if the network's confidence is higher than its accuracy.

    Raises:
        SemisupError: There are no images.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    if len(label) == 0:
        raise SemisupError("a temperature is fitted on validation images, and there are none: ask for data.validation.")
    # With a = z - z_label: H(label, softmax(z / T)) = log Σ_k exp(a_k / T), and for the class k it is less by a_k / T.
    rows = np.arange(len(label))
    margins = logits.astype(np.float64) - logits[rows, label][:, None]  # (N, K)
    others = margins.copy()
    others[rows, label] = -np.inf
    second = others.max(-1).mean() / (len(label) + 2)

    def cross_entropy(log_temperature: float) -> float:
        temperature = math.exp(log_temperature)
        return float(logsumexp(margins / temperature, axis=-1).mean() - second / temperature)

    # Convex in 1/T, so there is one minimum in log T, and a bounded search finds it.
    bounds = (math.log(BOUNDS[0]), math.log(BOUNDS[1]))
    found = minimize_scalar(cross_entropy, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return math.exp(found.x)
