"""Pure tensor maths of semi-supervised learning. No state, no randomness, no gradients where a target is made."""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Annealing = Literal["none", "linear", "log", "exp"]


def confident(logits: Tensor, threshold: float | Tensor) -> tuple[Tensor, Tensor]:
    """Hard targets where the network is sure.

    logits: (N, K), any float type. threshold: one, or one per class (K,), of which each image meets that of its target.
    Returns target (N,) int64 and weight (N,) float32: 1 where the largest probability reaches the threshold, else 0.
    No gradient flows. Sohn et al. (2020, arXiv:2001.07685), eq. 4.
    """
    probability, target = soft_target(logits).max(-1)
    limit = threshold[target] if isinstance(threshold, Tensor) else threshold
    return target, (probability >= limit).float()


def soft_target(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """softmax(logits / T), float32, through which no gradient flows. logits: (N, K), any float type. T < 1 sharpens."""
    return (logits.detach().float() / temperature).softmax(-1)


def sharpen(probability: Tensor, temperature: float) -> Tensor:
    """p^(1/T) / Σ p^(1/T), (N, K): less entropy for T < 1. Berthelot et al. (2019, arXiv:1905.02249), eq. 7."""
    power = probability ** (1 / temperature)
    return power / power.sum(-1, keepdim=True)


def align(probability: Tensor, mean: Tensor, prior: Tensor | float) -> Tensor:
    """Probabilities (N, K) times prior / mean, normalized again, so that their mean comes closer to the prior.

    mean, prior: (K,), or one number for a uniform prior. Berthelot et al. (2020, arXiv:1911.09785), section 3.1.
    """
    aligned = probability * (prior / mean.clamp_min(1e-6))
    return aligned / aligned.sum(-1, keepdim=True)


def truncated_gaussian(confidence: Tensor, mean: Tensor, variance: Tensor, sigmas: float) -> Tensor:
    """Weights (N,) of confidences (N,): 1 from the mean on, and below it the flank of a Gaussian.

    exp(-(min(0, confidence - mean))² / (2 · variance / sigmas²)): the standard deviation is divided by `sigmas`. mean,
    variance: scalars. Chen et al. (2023, arXiv:2301.10921), with 2 sigmas in the authors' code.
    """
    below = (confidence - mean).clamp_max(0)
    return (-0.5 * (sigmas * below) ** 2 / variance.clamp_min(1e-12)).exp()


def normalized_ratio(probability: Tensor, histogram: Tensor) -> Tensor:
    """p/h divided by its sum, (K,); 0 for classes where the histogram is 0. probability, histogram: (K,).

    SumNorm of Wang et al. (2023, arXiv:2205.07246).
    """
    ratio = torch.where(histogram > 0, probability / histogram.clamp_min(1e-6), 0)
    return ratio / ratio.sum().clamp_min(1e-6)


def self_adaptive_fairness(mean: Tensor, mean_histogram: Tensor, probability: Tensor, histogram: Tensor) -> Tensor:
    """Σ norm(mean / mean_histogram) · log norm(probability / histogram) over the classes that occur, a scalar.

    All (K,), up to a factor each; norm is `normalized_ratio`. A class whose histogram is 0 adds nothing. L_f of Wang et
    al. (2023, arXiv:2205.07246): lowest where the classes that `mean` favours are the least in `probability`.
    """
    ratio = torch.where(histogram > 0, normalized_ratio(probability, histogram), 1)
    return (normalized_ratio(mean, mean_histogram) * ratio.log()).sum()


def mixup(x: Tensor, order: Tensor, share: Tensor) -> Tensor:
    """share · x + (1 - share) · x[order]. x: (N, ...); order: a permutation (N,); share: (N,), the λ of each row.

    Zhang et al. (2018, arXiv:1710.09412); with a share of at least 1/2, x stays the larger part.
    """
    share = share.view(-1, *[1] * (x.ndim - 1))
    return share * x + (1 - share) * x[order]


def cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """Mean cross-entropy, a float32 scalar. logits: (N, K), any float; label: (N,) int64 or (N, K) probabilities."""
    return F.cross_entropy(logits.float(), label)


def weighted_cross_entropy(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Σ weight · H(target, softmax(logits)) / N, a float32 scalar.

    logits: (N, K); target: (N,) int64 or (N, K) probabilities; weight: (N,) ≥ 0. The sum is divided by all N images,
    not by the kept ones, as the FixMatch authors do.
    """
    return (F.cross_entropy(logits.float(), target, reduction="none") * weight).mean()


def ramp_up(progress: float, start: float, end: float) -> float:
    """0 until `start`, then linearly up to 1 at `end`, then 1. Lee (2013), eq. 16. All three in the same unit."""
    if progress >= end:
        return 1.0
    return max(0.0, (progress - start) / (end - start))


def mean_squared_error(logits: Tensor, target: Tensor) -> Tensor:
    """Mean over images and classes of (softmax(logits) - target)², a float32 scalar. target: (N, K) probabilities."""
    return F.mse_loss(logits.float().softmax(-1), target)


def kl_divergence(logits: Tensor, target: Tensor) -> Tensor:
    """Mean over images of KL(target ‖ softmax(logits)), a float32 scalar. target: (N, K) probabilities."""
    return F.kl_div(logits.float().log_softmax(-1), target, reduction="batchmean")


def entropy(logits: Tensor) -> Tensor:
    """Mean over images of the entropy of softmax(logits), a float32 scalar, with gradient. logits: (N, K)."""
    log_probability = logits.float().log_softmax(-1)
    return -(log_probability.exp() * log_probability).sum(-1).mean()


def annealed_threshold(progress: float, classes: int, schedule: Annealing) -> float:
    """The probability above which a labeled image is left out for now: from 1 / classes up to 1; always 1 for 'none'.

    Training signal annealing of Xie et al. (2020, arXiv:1904.12848).
    """
    rise = {
        "none": 1.0,
        "linear": progress,
        "log": 1 - math.exp(-5 * progress),
        "exp": math.exp(5 * (progress - 1)),
    }[schedule]
    return rise * (1 - 1 / classes) + 1 / classes
