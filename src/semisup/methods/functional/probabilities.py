"""Predictions as targets: sharpened, aligned, weighed and narrowed."""

import torch
from torch import Tensor


def sharpened_softmax(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """softmax(logits / T) as a target: no gradient flows through it.

    Args:
        logits: (N, K), any float type.
        temperature: T; below 1 it sharpens.

    Returns:
        Probabilities (N, K) float32.
    """
    return (logits.detach().float() / temperature).softmax(-1)


def sharpen(probability: Tensor, temperature: float) -> Tensor:
    """p^(1/T) / Σ p^(1/T), which has less entropy for T < 1.

    Source: Berthelot et al., 2019, arXiv:1905.02249, eq. 7.

    Args:
        probability: (N, K).
        temperature: T.

    Returns:
        Probabilities (N, K).
    """
    power = probability ** (1 / temperature)
    return power / power.sum(-1, keepdim=True)


def distribution_alignment(probability: Tensor, mean: Tensor, prior: Tensor | float) -> Tensor:
    """Probabilities times prior / mean, normalized again, so that their mean comes closer to the prior.

    Source: Berthelot et al., 2020, arXiv:1911.09785, section 3.1.

    Args:
        probability: (N, K).
        mean: The mean prediction, (K,).
        prior: The wanted mean, (K,), or one number for a uniform prior.

    Returns:
        Probabilities (N, K).
    """
    aligned = probability * (prior / mean.clamp_min(1e-6))
    return aligned / aligned.sum(-1, keepdim=True)


def truncated_gaussian(confidence: Tensor, mean: Tensor, variance: Tensor, sigmas: float) -> Tensor:
    """Weights that are 1 from the mean on, and fall like a Gaussian below it.

    exp(-(min(0, confidence - mean))² / (2 · variance / sigmas²))

    Source: Chen et al., 2023, arXiv:2301.10921; the authors' code has sigmas = 2.

    Args:
        confidence: (N,).
        mean: A scalar.
        variance: A scalar.
        sigmas: What the standard deviation is divided by.

    Returns:
        Weights (N,) from 0 to 1.
    """
    below = (confidence - mean).clamp_max(0)
    return (-0.5 * (sigmas * below) ** 2 / variance.clamp_min(1e-12)).exp()


def confusing_classes(probability: Tensor, threshold: float) -> Tensor:
    """The classes to leave out: the fewest next ones, so that the first has at least the threshold among the rest.

    Args:
        probability: (N, K).
        threshold: τ.

    Returns:
        (N, K) bool.
    """
    ranked, order = probability.sort(-1, descending=True)
    rest = ranked.flip(-1).cumsum(-1).flip(-1)  # (N, K): of this rank and the later ones
    left = torch.cat([rest[:, 1:], torch.zeros_like(rest[:, :1])], -1)  # if ranks 2 to k are left out: of those after k
    enough = ranked[:, :1] >= threshold * (ranked[:, :1] + left)
    place = torch.arange(ranked.shape[-1], device=ranked.device)
    out = (place > 0) & (place <= enough.int().argmax(-1, keepdim=True))
    return torch.zeros_like(out).scatter(-1, order, out)
