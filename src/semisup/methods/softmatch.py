"""FixMatch with a weight that falls smoothly below the mean confidence, in place of a threshold."""

from typing import Any

import torch
from torch import Tensor, nn

from semisup.data.batch import Batch
from semisup.functional import align, cross_entropy, soft_target, truncated_gaussian, weighted_cross_entropy
from semisup.methods.base import Loss, Method


class SoftMatch(Method):
    """SoftMatch (Chen et al., 2023, arXiv:2301.10921), algorithm 1.

        L = H(y, p(x_weak)) + λ · mean_u w(u) · H(argmax p(u_weak), p(u_strong))
        w(u) = exp(-(min(0, max q(u) - μ))² · n² / 2σ²),   q(u) = norm(p(u_weak) / p̃)

    μ and σ² follow mean and variance of max q, and p̃ follows the mean of p(u_weak), with the same decay. q, the uniform
    alignment, serves the weight only: the target is of p. unlabeled_weight: λ. sigmas: n. decay: of the averages.
    μ starts at 1/K, σ² at 1 and p̃ at its first value, as in the authors' code, from which we also have it that μ and σ²
    are of the aligned confidence. Departure: none known.
    """

    views = ("weak", "strong")
    mean: Tensor
    variance: Tensor
    mean_probability: Tensor

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        unlabeled_weight: float = 1.0,
        sigmas: float = 2.0,
        decay: float = 0.999,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.unlabeled_weight, self.sigmas, self.decay = unlabeled_weight, sigmas, decay
        self.register_buffer("mean", torch.tensor(1 / classes))  # μ
        self.register_buffer("variance", torch.tensor(1.0))  # σ²
        self.register_buffer("mean_probability", torch.zeros(classes))  # p̃, (K,); 0 before the first step

    def loss(self, labeled: Batch, unlabeled: Batch) -> Loss:
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, without_graph=(unlabeled.weak,))
        probability = soft_target(weak)
        self.follow(self.over_processes(probability))
        target = probability.argmax(-1)  # (uB,)
        weight = truncated_gaussian(self.confidence(probability), self.mean, self.variance, self.sigmas)  # (uB,)
        self.uses(target, weight, weak)
        supervised = cross_entropy(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, target, weight)
        loss = supervised + self.unlabeled_weight * consistency
        return loss, {"supervised": supervised, "consistency": consistency, "confidence": self.mean}

    def follow(self, probability: Tensor) -> None:
        """Moves p̃, then μ and σ², towards this step's. probability: (uB, K), of all processes."""
        mean = probability.mean(0)
        first = self.mean_probability.sum() == 0
        self.mean_probability.copy_(torch.where(first, mean, self.mean_probability.lerp(mean, 1 - self.decay)))
        confidence = self.confidence(probability)
        self.mean.lerp_(confidence.mean(), 1 - self.decay)
        self.variance.lerp_(confidence.var(), 1 - self.decay)

    def confidence(self, probability: Tensor) -> Tensor:
        """The largest of the aligned probabilities, (N,)."""
        return align(probability, self.mean_probability, 1 / probability.shape[-1]).amax(-1)
