"""MixMatch with aligned guesses, strong views of one guess, and rotations to tell apart."""

from typing import Any

import torch
from torch import nn
from torch.distributions import Beta
from torch.nn import functional as F

from semisup.core.ranges import NonNegative, Positive, Probability
from semisup.data.batch import Batch
from semisup.methods.alignment import AlignedMethod, Alignment
from semisup.methods.functional import cross_entropy, mixup, sharpened_softmax
from semisup.methods.heads import as_backbone, features_and_logits, random_quarter_turns, weight_of_rotations
from semisup.methods.schedules import ramp_up
from semisup.methods.step_output import PseudoLabels, StepOutput
from semisup.models.batch_norm import frozen_statistics


class ReMixMatch(AlignedMethod):
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
        ramp: The share of the training over which w and w_s rise from 0.
        temperature: T.
        alpha: α.
        alignment: As in AlignedMethod.
        base: Arguments of AlignedMethod and Method.
    """

    views = ("weak", "strong", "strong_2")

    def __init__(
        self,
        network: nn.Module,
        *,
        unlabeled_weight: NonNegative = 1.5,
        strong_weight: NonNegative = 0.5,
        rotation_weight: NonNegative | None = None,
        ramp: Probability = 0.4,
        temperature: Positive = 0.5,
        alpha: Positive = 0.75,
        alignment: Alignment = "labeled",
        **base: Any,
    ) -> None:
        super().__init__(network, alignment=alignment, **base)
        self.unlabeled_weight, self.strong_weight, self.ramp = unlabeled_weight, strong_weight, ramp
        self.rotation_weight = weight_of_rotations(network, rotation_weight, 0.5)
        self.temperature, self.shares = temperature, Beta(alpha, alpha)
        self.rotation_head = nn.Linear(as_backbone(network).num_features, 4) if self.rotation_weight else None

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        with torch.no_grad(), frozen_statistics(self.network):
            (weak,) = self.logits(unlabeled.weak)
        aligned = self.align(weak, labeled.label)
        guess, (confidence, target) = sharpened_softmax(aligned, self.temperature), sharpened_softmax(aligned).max(-1)
        image = torch.cat([labeled.image, unlabeled.strong, unlabeled.strong_2, unlabeled.weak])  # (N, ...)
        label = torch.cat([F.one_hot(labeled.label, guess.shape[-1]).float(), guess, guess, guess])  # (N, K)
        share = self.shares.sample((len(image),)).to(image.device, non_blocking=True)  # (N,)
        order = torch.randperm(len(image)).to(image.device, non_blocking=True)  # (N,)
        share, size = torch.maximum(share, 1 - share), len(labeled.image)
        mixed, groups = mixup(label, order, share), [mixup(image, order, share), unlabeled.strong]
        if self.rotation_head:
            turned, turns = random_quarter_turns(unlabeled.strong)
            groups.append(turned)
        (_, logits), (_, strong), *rest = features_and_logits(self.network, *groups)
        supervised = self.supervised_loss(logits[:size], mixed[:size])
        terms = {"supervised": supervised, "consistency": cross_entropy(logits[size:], mixed[size:])}
        terms["strong"] = cross_entropy(strong, guess)
        unsupervised = self.unlabeled_weight * terms["consistency"] + self.strong_weight * terms["strong"]
        loss = supervised + ramp_up(self.progress, 0.0, self.ramp) * unsupervised
        if self.rotation_head:
            terms["rotation"] = cross_entropy(self.rotation_head(rest[0][0]), turns)
            loss = loss + self.rotation_weight * terms["rotation"]
        return StepOutput(loss, terms, PseudoLabels(target, torch.ones_like(confidence), confidence))
