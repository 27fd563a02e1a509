"""FixMatch that keeps the images of low loss, with a limit that falls during the training."""

from typing import Annotated, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.ranges import NonNegative, Positive, Probability, Range
from semisup.data.batch import Batch
from semisup.methods.alignment import AlignedMethod
from semisup.methods.functional import hard_pseudo_labels, sharpened_softmax, weighted_cross_entropy
from semisup.methods.step_output import StepOutput


class Dash(AlignedMethod):
    """Dash: an image is kept while the loss of its weak view is at most ρ, which falls.

        L = H(y, p(x_weak)) + λ · mean_u 1[H(q, p(u_weak)) ≤ ρ_t] · H(q, p(u_strong)),   q = softmax(z(u_weak) / T)
        ρ_t = max(γ^-t · ρ̂, ρ_min);   q is the one-hot argmax as soon as ρ_t = ρ_min

    ρ̂ is the loss of the labeled images at the end of a warm-up, in which they train alone.

    Source: Xu et al., 2021, arXiv:2109.00650, algorithm 1. Values and soft targets are those of USB. Departures: the
    warm-up is the first part of the training instead of one before it; t counts hundredths of the training instead of
    10 epochs; ρ̂ is a moving average over the warm-up's steps, whose decay is at most .9; the factor 1.0001 is left out.

    Args:
        network: Maps views to logits (N, K).
        warmup: The share of the training in which the labeled images train alone.
        gamma: γ.
        smallest: ρ_min.
        temperature: T.
        unlabeled_weight: λ.
        base: Arguments of AlignedMethod and Method.
    """

    views = ("weak", "strong")
    labeled_loss: Tensor  # ρ̂
    warmup_steps: Tensor

    def __init__(
        self,
        network: nn.Module,
        *,
        warmup: Probability = 0.05,
        gamma: Annotated[float, Range(1)] = 1.27,
        smallest: Positive = 0.05,
        temperature: Positive = 0.5,
        unlabeled_weight: NonNegative = 1.0,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.warmup, self.gamma, self.smallest = warmup, gamma, smallest
        self.temperature, self.unlabeled_weight = temperature, unlabeled_weight
        self.register_buffer("labeled_loss", torch.tensor(0.0))
        self.register_buffer("warmup_steps", torch.tensor(0.0))

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, no_grad=(unlabeled.weak,))
        supervised, weak = self.supervised_loss(logits, labeled.label), self.align(weak, labeled.label).float()
        if self.progress <= self.warmup or self.progress == 0:
            everyone = self.gather_across_ranks(supervised.detach()[None]).mean()
            self.labeled_loss.lerp_(everyone, 1 - (self.warmup_steps / (self.warmup_steps + 1)).clamp_max(0.9))
            self.warmup_steps += 1
        t = int(100 * max(0.0, self.progress - self.warmup) + 1e-6)  # 100 * .07 is less than 7
        limit = (self.gamma**-t * self.labeled_loss).clamp_min(self.smallest)
        pseudo_labels = hard_pseudo_labels(weak, 0.0)
        hard = F.one_hot(pseudo_labels.target, weak.shape[-1]).float()
        target = torch.where(limit > self.smallest, sharpened_softmax(weak, self.temperature), hard)
        kept = (F.cross_entropy(weak, target, reduction="none") <= limit) & (self.progress >= self.warmup)
        pseudo_labels = self.keep(pseudo_labels._replace(weight=kept.float()))
        consistency = weighted_cross_entropy(strong, pseudo_labels._replace(target=target))
        loss = supervised + self.unlabeled_weight * consistency
        terms = {"supervised": supervised, "consistency": consistency, "limit": limit}
        return StepOutput(loss, terms, pseudo_labels)
