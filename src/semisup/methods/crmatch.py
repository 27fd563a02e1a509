"""FixMatch whose features of weak and strong views must differ, and tell how an image was turned."""

from typing import Any

from torch import nn
from torch.nn import functional as F

from semisup.core.ranges import NonNegative
from semisup.data.batch import Batch
from semisup.methods.fixmatch import FixMatch
from semisup.methods.functional import cross_entropy, hard_pseudo_labels, weighted_cross_entropy
from semisup.methods.heads import as_backbone, features_and_logits, mlp, turned_group, weight_of_rotations
from semisup.methods.step_output import StepOutput


class CRMatch(FixMatch):
    """CRMatch: FixMatch with a feature distance loss and rotations to tell apart.

        L = H(y, p(x_weak)) + mean_u 1[max p(u_weak) ≥ τ] · (λ · H(argmax p(u_weak), p(u_strong)) + λ_d · D(u))
            + λ_r · mean_u H(r, p_r(turned u_weak))
        D(u) = max(0, cos(d(f(u_weak)), d(f(u_strong)))),   r = 0 to 3 quarter turns

    d and p_r are heads on the features f: one linear layer, and two layers.

    Source: Fan et al., 2021, arXiv:2112.05825, eq. 3 to 6, as in USB. Departures: d reads the pooled features and not
    the feature map; each unlabeled image is turned once, where USB turns 64 images four times.

    Args:
        network: A Backbone.
        distance_weight: λ_d.
        rotation_weight: λ_r; None = 1 for square images, and 0 for others and for rows.
        base: Arguments of FixMatch.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        distance_weight: NonNegative = 1.0,
        rotation_weight: NonNegative | None = None,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.distance_weight, self.rotation_weight = distance_weight, weight_of_rotations(network, rotation_weight, 1.0)
        width = as_backbone(network).num_features
        self.distance_head = nn.Linear(width, width)
        self.rotation_head = mlp(network, 4) if self.rotation_weight else None

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        turned, turns = turned_group(unlabeled.weak, self.rotation_head)
        (_, logits), (strong_features, strong), (weak_features, weak), *rest = features_and_logits(
            self.network, labeled.image, unlabeled.strong, unlabeled.weak, *turned
        )
        pseudo_labels = hard_pseudo_labels(self.align(weak.detach(), labeled.label), self.threshold)
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, pseudo_labels)
        ends = (self.distance_head(features).float() for features in (weak_features, strong_features))
        distance = (F.cosine_similarity(*ends).clamp_min(0) * pseudo_labels.weight).mean()
        loss = supervised + self.unlabeled_weight * consistency + self.distance_weight * distance
        terms = {"supervised": supervised, "consistency": consistency, "distance": distance}
        if self.rotation_head:
            terms["rotation"] = cross_entropy(self.rotation_head(rest[0][0]), turns)
            loss = loss + self.rotation_weight * terms["rotation"]
        return StepOutput(loss, terms, pseudo_labels)
