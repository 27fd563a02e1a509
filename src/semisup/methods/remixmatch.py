"""MixMatch with aligned guesses, strong views of one guess, and rotations to tell apart."""

from typing import Any

import torch
from torch import nn
from torch.distributions import Beta
from torch.nn import functional as F

from semisup.core.ranges import NonNegative, Positive
from semisup.data.batch import Batch
from semisup.methods.alignment import AlignedMethod, Alignment
from semisup.methods.functional import cross_entropy, hard_pseudo_labels, sharpened_softmax
from semisup.methods.heads import as_backbone, features_and_logits, turned_group, weight_of_rotations
from semisup.methods.mixing import mix
from semisup.methods.ramped import RampedMethod
from semisup.methods.step_output import StepOutput
from semisup.models.batch_norm import frozen_statistics


class ReMixMatch(RampedMethod, AlignedMethod):
    """ReMixMatch: MixMatch with distribution alignment and augmentation anchoring.

        q = sharpen(align(p(u_weak)), T) is the label of u_weak, u_strong and u_strong_2; all images are mixed:
        x ← λ x + (1 - λ) x_other, the same for labels;   λ ~ Beta(α, α), at least 1/2
        L = H(label, p(x)) + w(t) · (H(q, p(u)) + w_s / w · H(q, p(u_strong))) + λ_r · H(r, p_r(turned u_strong))

    Source: Berthelot et al., 2020, arXiv:1911.09785, algorithm 1 and eq. 4; values are USB's. Departures: two strong
    views instead of eight; one forward pass, in which batch norm sees all images but the guesses; w and w_s rise over
    .4 of the training instead of 1/64; alignment as in AlignedMethod. Each process of several mixes its own images.

    Args:
        network: A Backbone.
        unlabeled_weight: w, of mixed images, at the end of the ramp.
        strong_weight: w_s, of strong views that are not mixed, at the end of the ramp.
        rotation_weight: λ_r; None = .5 for square images, and 0 for others and for rows.
        temperature: T.
        alpha: α.
        alignment: As in AlignedMethod.
        base: Arguments of RampedMethod, AlignedMethod and Method.
    """

    views = ("weak", "strong", "strong_2")

    def __init__(
        self,
        network: nn.Module,
        *,
        unlabeled_weight: NonNegative = 1.5,
        strong_weight: NonNegative = 0.5,
        rotation_weight: NonNegative | None = None,
        temperature: Positive = 0.5,
        alpha: Positive = 0.75,
        alignment: Alignment = "labeled",
        **base: Any,
    ) -> None:
        super().__init__(network, alignment=alignment, **base)
        self.unlabeled_weight, self.strong_weight = unlabeled_weight, strong_weight
        self.rotation_weight = weight_of_rotations(network, rotation_weight, 0.5)
        self.temperature, self.shares = temperature, Beta(alpha, alpha)
        self.rotation_head = nn.Linear(as_backbone(network).num_features, 4) if self.rotation_weight else None

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        with torch.no_grad(), frozen_statistics(self.network):
            aligned = self.align(self.logits(unlabeled.weak)[0], labeled.label)
        guess = sharpened_softmax(aligned, self.temperature)
        image = torch.cat([labeled.image, unlabeled.strong, unlabeled.strong_2, unlabeled.weak])  # (N, ...)
        label = torch.cat([F.one_hot(labeled.label, guess.shape[-1]).float(), guess, guess, guess])  # (N, K)
        mixed_image, mixed = mix(self.shares, image, label)
        turned, turns = turned_group(unlabeled.strong, self.rotation_head)
        (_, logits), (_, strong), *rest = features_and_logits(self.network, mixed_image, unlabeled.strong, *turned)
        size = len(labeled.image)
        supervised = self.supervised_loss(logits[:size], mixed[:size])
        consistency, anchored = cross_entropy(logits[size:], mixed[size:]), cross_entropy(strong, guess)
        loss = supervised + self.rise * (self.unlabeled_weight * consistency + self.strong_weight * anchored)
        terms = {"supervised": supervised, "consistency": consistency, "strong": anchored}
        if self.rotation_head:
            terms["rotation"] = cross_entropy(self.rotation_head(rest[0][0]), turns)
            loss = loss + self.rotation_weight * terms["rotation"]
        return StepOutput(loss, terms, hard_pseudo_labels(aligned, 0.0))
