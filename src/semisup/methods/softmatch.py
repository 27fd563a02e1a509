"""FixMatch with a weight that falls smoothly below the mean confidence, in place of a threshold."""

from typing import Any

import torch
from torch import Tensor, nn

from semisup.core.ranges import Fraction, NonNegative, Probability
from semisup.data.batch import Batch
from semisup.methods.base import Method
from semisup.methods.functional import (
    distribution_alignment,
    sharpened_softmax,
    truncated_gaussian,
    weighted_cross_entropy,
)
from semisup.methods.schedules import average_decay, ramp_up
from semisup.methods.step_output import PseudoLabels, StepOutput


class SoftMatch(Method):
    """SoftMatch: FixMatch with a weight in place of a threshold.

        L = H(y, p(x_weak)) + λ(t) · mean_u w(u) · H(argmax p(u_weak), p(u_strong))
        λ(t) = λ · min(1, t / ramp)
        w(u) = exp(-(min(0, max q(u) - μ))² · n² / 2σ²),   q(u) = norm(p(u_weak) / p̃)

    μ and σ² follow mean and variance of max q, and p̃ follows the mean of p(u_weak), with the same decay. q, the
    uniform alignment, is for the weight only: the target is of p. μ starts at 1/K, σ² at 1 and p̃ at its first value.

    Source: Chen et al., 2023, arXiv:2301.10921, algorithm 1. The start values, and that μ and σ² are of the aligned
    confidence, are the authors' code's. Departures: weight and decay rise, as nearly every image is kept at first,
    and a short training does not recover from that. As published: ramp=0 decay=.999.

    Args:
        network: Maps views to logits (N, K).
        classes: K.
        unlabeled_weight: λ.
        sigmas: n.
        ramp: The share of the training over which the weight rises from 0.
        decay: Of the averages; None = min(.999, (1 + t) / (10 + t)) at step t.
        base: Arguments of Method.
    """

    views = ("weak", "strong")
    mean: Tensor  # μ
    variance: Tensor  # σ²
    mean_probability: Tensor  # p̃, (K,); 0 before the first step

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        unlabeled_weight: NonNegative = 1.0,
        sigmas: NonNegative = 2.0,
        ramp: Probability = 0.4,
        decay: Fraction | None = None,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.unlabeled_weight, self.sigmas, self.ramp, self.decay = unlabeled_weight, sigmas, ramp, decay
        self.register_buffer("mean", torch.tensor(1 / classes))
        self.register_buffer("variance", torch.tensor(1.0))
        self.register_buffer("mean_probability", torch.zeros(classes))

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, no_grad=(unlabeled.weak,))
        probability = sharpened_softmax(weak)
        self.update_statistics(self.gather_across_ranks(probability))
        weight = truncated_gaussian(self._aligned_confidence(probability), self.mean, self.variance, self.sigmas)
        confidence, target = probability.max(-1)
        pseudo_labels = PseudoLabels(target, weight, confidence)
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, pseudo_labels)
        loss = supervised + self.unlabeled_weight * ramp_up(self.progress, 0.0, self.ramp) * consistency
        terms = {"supervised": supervised, "consistency": consistency, "confidence": self.mean}
        return StepOutput(loss, terms, pseudo_labels)

    def update_statistics(self, probability: Tensor) -> None:
        """Moves p̃, then μ and σ², towards those of this step.

        Args:
            probability: The predictions on the weak views of all processes, (uB, K).
        """
        mean, moved = probability.mean(0), 1 - average_decay(self.decay, self.step)
        first = self.mean_probability.sum() == 0
        self.mean_probability.copy_(torch.where(first, mean, self.mean_probability.lerp(mean, moved)))
        confidence = self._aligned_confidence(probability)
        self.mean.lerp_(confidence.mean(), moved)
        if len(confidence) > 1:  # one image has no variance
            self.variance.lerp_(confidence.var(), moved)

    def _aligned_confidence(self, probability: Tensor) -> Tensor:
        """max q, (N,), of predictions p, (N, K)."""
        return distribution_alignment(probability, self.mean_probability, 1 / probability.shape[-1]).amax(-1)
