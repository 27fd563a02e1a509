"""Pure tensor maths of semi-supervised learning. No state, no randomness, no gradients where a target is made."""

import torch.nn.functional as F
from torch import Tensor


def confident(logits: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """Hard targets where the network is sure.

    logits: (N, K), any float type. Returns target (N,) int64 and weight (N,) float32: 1 where the largest probability
    reaches the threshold, else 0. No gradient flows. Sohn et al. (2020, arXiv:2001.07685), eq. 4.
    """
    probability, target = logits.detach().float().softmax(-1).max(-1)
    return target, (probability >= threshold).float()


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
