"""Tensor functions of semi-supervised learning: no state, no randomness, and no gradient through a target."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from semisup.methods.step_output import PseudoLabels

Outputs = Literal["softmax", "sigmoid"]


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


def mixup(x: Tensor, order: Tensor, share: Tensor) -> Tensor:
    """share · x + (1 - share) · x[order].

    Source: Zhang et al., 2018, arXiv:1710.09412. With a share of at least 1/2, x stays the larger part.

    Args:
        x: (N, ...).
        order: A permutation, (N,) int64.
        share: λ of each row, (N,).

    Returns:
        (N, ...).
    """
    share = share.view(-1, *[1] * (x.ndim - 1))
    return share * x + (1 - share) * x[order]


def last_occurrence(index: Tensor) -> Tensor:
    """For each row, the last row with the same index: so an image that is in a step twice is written once.

    Args:
        index: (N,) int64.

    Returns:
        Rows, (N,) int64.
    """
    rows = torch.arange(len(index), device=index.device)
    return torch.where(index == index[:, None], rows, -1).amax(-1)


def cross_entropy(logits: Tensor, label: Tensor, smoothing: float = 0.0, class_weights: Tensor | None = None) -> Tensor:
    """The mean cross-entropy.

    Args:
        logits: (N, K), any float type.
        label: Classes, (N,) int64, or probabilities, (N, K).
        smoothing: The share of each target that is spread over all classes.
        class_weights: (K,); the mean over classes is then weighted by them.

    Returns:
        A float32 scalar.
    """
    return F.cross_entropy(logits.float(), label, weight=class_weights, label_smoothing=smoothing)


def weighted_cross_entropy(logits: Tensor, labels: PseudoLabels, outputs: Outputs = "softmax") -> Tensor:
    """Σ weight · H(target, softmax(logits)) / N.

    The sum is divided by all N images, not by the kept ones, as in the code of FixMatch's authors. With 'sigmoid', H is
    Σ_k -(t_k log σ(z_k) + (1 - t_k) log (1 - σ(z_k))), where t_k is 1 for the target and 0 for the other classes.

    Args:
        logits: z, (N, K), any float type.
        labels: Targets and weights of the N images; with 'sigmoid', targets are classes.
        outputs: What makes probabilities of the logits.

    Returns:
        A float32 scalar.
    """
    if outputs == "sigmoid":
        own = F.one_hot(labels.target, logits.shape[-1]).float()
        cost = F.binary_cross_entropy_with_logits(logits.float(), own, reduction="none").sum(-1)
        return (cost * labels.weight).mean()
    return (F.cross_entropy(logits.float(), labels.target, reduction="none") * labels.weight).mean()


def mean_squared_error(logits: Tensor, target: Tensor) -> Tensor:
    """The mean over images and classes of (softmax(logits) - target)².

    Args:
        logits: (N, K), any float type.
        target: Probabilities (N, K) float32.

    Returns:
        A float32 scalar.
    """
    return F.mse_loss(logits.float().softmax(-1), target)


def kl_divergence(logits: Tensor, target: Tensor) -> Tensor:
    """The mean over images of KL(target ‖ softmax(logits)).

    Args:
        logits: (N, K), any float type.
        target: Probabilities (N, K) float32.

    Returns:
        A float32 scalar.
    """
    return F.kl_div(logits.float().log_softmax(-1), target, reduction="batchmean")


def entropy(logits: Tensor) -> Tensor:
    """The mean over images of the entropy of softmax(logits). The gradient flows.

    Args:
        logits: (N, K), any float type.

    Returns:
        A float32 scalar.
    """
    log_probability = logits.float().log_softmax(-1)
    return -(log_probability.exp() * log_probability).sum(-1).mean()


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


def unit(x: Tensor) -> Tensor:
    """Divides each row by its L2 norm; a row of zeros stays as it is.

    Args:
        x: (N, ...).

    Returns:
        (N, ...).
    """
    flat = x.flatten(1)
    flat = flat / flat.abs().amax(-1, keepdim=True).clamp_min(1e-30)  # else the squares of small ones would vanish
    return (flat / flat.norm(dim=-1, keepdim=True).clamp_min(1e-30)).view_as(x)
