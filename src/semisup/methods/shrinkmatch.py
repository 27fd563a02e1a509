"""FixMatch that also learns from uncertain images: among the classes that are left without the confusing ones."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.ranges import Fraction, NonNegative
from semisup.data.batch import Batch
from semisup.methods.fixmatch import FixMatch
from semisup.methods.functional import (
    confusing_classes,
    hard_pseudo_labels,
    sharpened_softmax,
    weighted_cross_entropy,
)
from semisup.methods.heads import as_backbone, features_and_logits
from semisup.methods.schedules import average_decay
from semisup.methods.step_output import StepOutput


class ShrinkMatch(FixMatch):
    """ShrinkMatch: an uncertain image learns its class against those that it is not confused with.

        L = FixMatch's + λ_s · r · mean_u 1[max p(u_weak) < τ] · max p(u_weak) · H(ŷ, p_s(u_strong) among C(u))
        C(u) = ŷ = argmax p(u_weak) and all but the k - 1 next classes, with the smallest k so that p(ŷ) / p(C(u)) ≥ τ

    p_s is a second head on the features, and r the moving average of the share of confident images.

    Source: Yang et al., 2023, arXiv:2308.06777, section 3. Departures: the images are those of FixMatch, without its
    version on SimMatch; the decay of r rises.

    Args:
        network: A Backbone.
        classes: K.
        shrunk_weight: λ_s.
        decay: Of r; None = min(.999, (1 + t) / (10 + t)) at step t.
        base: Arguments of FixMatch.
    """

    confident: Tensor  # r

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        shrunk_weight: NonNegative = 1.0,
        decay: Fraction | None = None,
        **base: Any,
    ) -> None:
        super().__init__(network, classes=classes, **base)
        self.shrunk_weight, self.decay = shrunk_weight, decay
        self.shrunk_head = nn.Linear(as_backbone(network).num_features, classes)
        self.register_buffer("confident", torch.tensor(0.0))

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        (_, logits), (features, strong), (_, weak) = features_and_logits(
            self.network, labeled.image, unlabeled.strong, unlabeled.weak
        )
        weak = self.align(weak.detach(), labeled.label)
        pseudo_labels = hard_pseudo_labels(weak, self.threshold)
        certain = self.gather_across_ranks(pseudo_labels.weight).mean()
        self.confident.lerp_(certain, 1 - average_decay(self.decay, self.step))
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, pseudo_labels)
        removed = confusing_classes(sharpened_softmax(weak), self.threshold)
        among = self.shrunk_head(features).float().masked_fill(removed, -torch.inf)
        assert pseudo_labels.confidence is not None
        weight = (1 - pseudo_labels.weight) * pseudo_labels.confidence * self.confident
        shrunk = (F.cross_entropy(among, pseudo_labels.target, reduction="none") * weight).mean()
        loss = supervised + self.unlabeled_weight * consistency + self.shrunk_weight * shrunk
        return StepOutput(loss, {"supervised": supervised, "consistency": consistency, "shrunk": shrunk}, pseudo_labels)
