"""What decides how much a pseudo-label counts, where that follows the network: the state of three methods."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.methods.functional import distribution_alignment, truncated_gaussian


class CurriculumThresholds(nn.Module):
    """FlexMatch's threshold for each class, lower for classes that are learned less.

        τ_c = τ · M(β_c),   M(β) = β / (2 - β),   β_c = σ_c / max(max_k σ_k, images never confident)

    σ_c counts the images whose last confident prediction was c.

    Source: Zhang et al., 2021, arXiv:2110.08263, algorithm 1.

    Args:
        classes: K.
        images: How many images the data set has.
        threshold: τ.
        warmup: Whether the images that were never confident count in β.
    """

    last_confident: Tensor  # (images,) int64; -1 for none

    def __init__(self, classes: int, images: int, threshold: float, warmup: bool) -> None:
        super().__init__()
        self.classes, self.unlabeled_images, self.threshold, self.warmup = classes, images, threshold, warmup
        self.register_buffer("last_confident", torch.full((images,), -1))

    def of_classes(self) -> Tensor:
        """τ_c, (K,) float32."""
        last = self.last_confident
        counts = last.new_zeros(self.classes + 1).index_add(0, last + 1, torch.ones_like(last))
        learned = counts[1:]  # σ, (K,); counts[0] is of the images never confident, or not unlabeled
        most = learned.max()
        if self.warmup:
            most = torch.maximum(most, self.unlabeled_images - learned.sum())
        beta = learned / most.clamp_min(1)
        return self.threshold * beta / (2 - beta)

    def update(self, index: Tensor, target: Tensor, confident: Tensor) -> None:
        """Keeps the class of each confident image; the later one of an image that is in the batch twice.

        Args:
            index: The images of all processes, (uB,) int64.
            target: Their classes, (uB,) int64.
            confident: 1 where an image is confident and 0 elsewhere, (uB,).
        """
        place = confident.long() * torch.arange(1, len(index) + 1, device=index.device)  # (uB,), 0 where not confident
        empty = torch.zeros_like(self.last_confident)
        latest = empty.scatter_reduce(0, index, place, "amax")  # (images,), 0 for no change
        self.last_confident.copy_(torch.where(latest > 0, target[latest - 1], self.last_confident))


class SelfAdaptiveThresholds(nn.Module):
    """FreeMatch's threshold for each class, which follows the confidence of the network.

        τ_c = τ · p̃_c / max_k p̃_k,   τ ← d τ + (1 - d) mean_u max p(u),   p̃ ← d p̃ + (1 - d) mean_u p(u)

    h̃ follows the histogram of argmax p(u) as p̃ does. τ, p̃ and h̃ start at 1/K.

    Source: Wang et al., 2023, arXiv:2205.07246, algorithm 1. Departure: τ is not clipped.

    Args:
        classes: K.
    """

    global_threshold: Tensor  # τ
    mean_probability: Tensor  # p̃, (K,)
    histogram: Tensor  # h̃, (K,)

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.register_buffer("global_threshold", torch.tensor(1 / classes))
        self.register_buffer("mean_probability", torch.full((classes,), 1 / classes))
        self.register_buffer("histogram", torch.full((classes,), 1 / classes))

    def of_classes(self) -> Tensor:
        """τ_c, (K,) float32."""
        return self.global_threshold * self.mean_probability / self.mean_probability.max()

    def update(self, probability: Tensor, decay: float) -> None:
        """Moves τ, p̃ and h̃ towards those of this step.

        Args:
            probability: The predictions on the weak views of all processes, (uB, K).
            decay: d.
        """
        confidence, target = probability.max(-1)
        self.global_threshold.lerp_(confidence.mean(), 1 - decay)
        self.mean_probability.lerp_(probability.mean(0), 1 - decay)
        self.histogram.lerp_(F.one_hot(target, probability.shape[-1]).float().mean(0), 1 - decay)


class ConfidenceWeights(nn.Module):
    """SoftMatch's weight of an image, which falls smoothly below the mean confidence.

        w(u) = exp(-(min(0, max q(u) - μ))² · n² / 2σ²),   q(u) = norm(p(u) / p̃)

    μ and σ² follow mean and variance of max q, and p̃ follows the mean of p(u), with the same decay. μ starts at 1/K,
    σ² at 1 and p̃ at its first value.

    Source: Chen et al., 2023, arXiv:2301.10921, algorithm 1. The start values, and that μ and σ² are of the aligned
    confidence, are the authors' code's.

    Args:
        classes: K.
        sigmas: n.
    """

    mean: Tensor  # μ
    variance: Tensor  # σ²
    mean_probability: Tensor  # p̃, (K,); 0 before the first step

    def __init__(self, classes: int, sigmas: float) -> None:
        super().__init__()
        self.sigmas = sigmas
        self.register_buffer("mean", torch.tensor(1 / classes))
        self.register_buffer("variance", torch.tensor(1.0))
        self.register_buffer("mean_probability", torch.zeros(classes))

    def of_images(self, probability: Tensor) -> Tensor:
        """The weights of images.

        Args:
            probability: p, (N, K).

        Returns:
            w, (N,) float32.
        """
        return truncated_gaussian(self._aligned_confidence(probability), self.mean, self.variance, self.sigmas)

    def update(self, probability: Tensor, decay: float) -> None:
        """Moves p̃, then μ and σ², towards those of this step.

        Args:
            probability: The predictions on the weak views of all processes, (uB, K).
            decay: Of the averages.
        """
        mean, moved = probability.mean(0), 1 - decay
        first = self.mean_probability.sum() == 0
        self.mean_probability.copy_(torch.where(first, mean, self.mean_probability.lerp(mean, moved)))
        confidence = self._aligned_confidence(probability)
        self.mean.lerp_(confidence.mean(), moved)
        if len(confidence) > 1:  # one image has no variance
            self.variance.lerp_(confidence.var(), moved)

    def _aligned_confidence(self, probability: Tensor) -> Tensor:
        """max q, (N,), of predictions p, (N, K)."""
        return distribution_alignment(probability, self.mean_probability, 1 / probability.shape[-1]).amax(-1)
