"""FixMatch with a threshold relative to the labeled images, and targets aligned with their predictions."""

from typing import Any

import torch
from torch import Tensor, nn

from semisup.core.ranges import Fraction, NonNegative, Probability
from semisup.data.batch import Batch
from semisup.methods.base import Method
from semisup.methods.functional import (
    confident_classes,
    distribution_alignment,
    sharpened_softmax,
    weighted_cross_entropy,
)
from semisup.methods.schedules import average_decay
from semisup.methods.step_output import StepOutput


class AdaMatch(Method):
    """AdaMatch within one domain: its threshold is relative to the confidence on the labeled images.

        L = H(y, p(x_weak)) + λ · mean_u 1[max q(u) ≥ τ · mean_x max p(x_weak)] · H(argmax q(u), p(u_strong))
        q(u) = norm(p(u_weak) · p̄_labeled / p̄_unlabeled)

    p̄_labeled and p̄_unlabeled follow the mean predictions on the weak views of labeled and of unlabeled images.

    Source: Berthelot et al., 2022, arXiv:2106.04732, as USB uses it within one domain: hard targets, τ = .95, no
    random interpolation of logits, no ramp of λ. Departure: the decay of both averages rises. As published: decay=.999.

    Args:
        network: Maps views to logits (N, K).
        classes: K.
        threshold: τ, a factor of the mean confidence on the labeled images.
        unlabeled_weight: λ.
        decay: Of both averages; None = min(.999, (1 + t) / (10 + t)) at step t.
        base: Arguments of Method.
    """

    views = ("weak", "strong")
    mean_labeled: Tensor  # p̄_labeled, (K,)
    mean_unlabeled: Tensor  # p̄_unlabeled, (K,)

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        threshold: Probability = 0.95,
        unlabeled_weight: NonNegative = 1.0,
        decay: Fraction | None = None,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.threshold, self.unlabeled_weight, self.decay = threshold, unlabeled_weight, decay
        self.register_buffer("mean_labeled", torch.full((classes,), 1 / classes))
        self.register_buffer("mean_unlabeled", torch.full((classes,), 1 / classes))

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, no_grad=(unlabeled.weak,))
        known, guess = self.gather_across_ranks(sharpened_softmax(logits)), sharpened_softmax(weak)
        moved = 1 - average_decay(self.decay, self.step)
        self.mean_labeled.lerp_(known.mean(0), moved)
        self.mean_unlabeled.lerp_(self.gather_across_ranks(guess).mean(0), moved)
        threshold = self.threshold * known.amax(-1).mean()
        aligned = distribution_alignment(guess, self.mean_unlabeled, self.mean_labeled)
        pseudo_labels = confident_classes(aligned, threshold)
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, pseudo_labels)
        loss = supervised + self.unlabeled_weight * consistency
        terms = {"supervised": supervised, "consistency": consistency, "threshold": threshold}
        return StepOutput(loss, terms, pseudo_labels)
