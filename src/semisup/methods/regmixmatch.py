"""FreeMatch that also learns from mixtures: of confident images, and of uncertain ones with confident ones."""

from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.distributions import Beta
from torch.nn import functional as F

from semisup.core.ranges import NonNegative, Positive, Probability
from semisup.data.batch import Batch
from semisup.methods.freematch import FreeMatch
from semisup.methods.functional import mixup, sharpened_softmax
from semisup.methods.mixing import draw_class, draw_partners
from semisup.methods.step_output import StepOutput


class RegMixMatch(FreeMatch):
    """RegMixMatch: mixup beside the clean loss of confident images, and class-aware mixup of uncertain ones.

        L = FreeMatch's + λ_m · mean_u 1[max p(u_weak) ≥ τ_m] · H(mix(ŷ, ŷ'), p(mix(u_strong, u'_strong)))
            + λ_a · mean_{u uncertain} (max p(u_weak))³ · mean_c (mix(p(u_weak), y*)_c - p(mix(u_strong, x*))_c)²

    u' is another confident image. x* is a labeled or confident image whose class y* is the first or the second of u,
    each with probability 1/2. The share of u' is Beta(α, α), that of u in the second mixture Beta(α_a, α_a).

    Source: Han et al., 2025, arXiv:2412.10741, and its code for values. Departures: images are mixed by mixup as in
    the paper, not pasted into each other; an uncertain image without an x* of its class learns nothing.

    Args:
        network: Maps views to logits (N, K).
        classes: K.
        mix_threshold: τ_m.
        mix_weight: λ_m.
        class_aware_weight: λ_a.
        alpha: α.
        class_aware_alpha: α_a.
        base: Arguments of FreeMatch.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        mix_threshold: Probability = 0.999,
        mix_weight: NonNegative = 1.0,
        class_aware_weight: NonNegative = 1.0,
        alpha: Positive = 1.0,
        class_aware_alpha: Positive = 16.0,
        **base: Any,
    ) -> None:
        super().__init__(network, classes=classes, **base)
        self.mix_threshold, self.mix_weight, self.class_aware_weight = mix_threshold, mix_weight, class_aware_weight
        self.shares, self.class_aware_shares = Beta(alpha, alpha), Beta(class_aware_alpha, class_aware_alpha)

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        output, weak = self._free_match(labeled, unlabeled)
        guess = sharpened_softmax(weak)  # (uB, K)
        confidence, target = guess.max(-1)
        sure = confidence >= self.mix_threshold

        other, _, share = draw_partners(sure.expand(len(sure), -1), self.shares)
        mixed = mixup(unlabeled.strong, other, share)
        label = mixup(F.one_hot(target, guess.shape[-1]).float(), other, share)

        pool, classes = torch.cat([labeled.image, unlabeled.strong]), torch.cat([labeled.label, target])
        wanted = draw_class(guess, 2)  # (uB, 1)
        admitted = torch.cat([torch.ones_like(labeled.label, dtype=torch.bool), sure]) & (classes == wanted)
        partner, found, share = draw_partners(admitted, self.class_aware_shares)
        aware = torch.lerp(pool[partner], unlabeled.strong, share.view(-1, *[1] * (pool.ndim - 1)))
        aim = torch.lerp(F.one_hot(wanted[:, 0], guess.shape[-1]).float(), guess, share[:, None])

        mixed_logits, aware_logits = self.logits(mixed, aware)
        mix = (F.cross_entropy(mixed_logits.float(), label, reduction="none") * sure).mean()
        error = (aware_logits.float().softmax(-1) - aim).square().mean(-1) * confidence**3 * (found & ~sure)
        class_aware = error.sum() / (~sure).sum().clamp_min(1)
        loss = output.loss + self.mix_weight * mix + self.class_aware_weight * class_aware
        return replace(output, loss=loss, terms={**output.terms, "mix": mix, "class_aware": class_aware})
