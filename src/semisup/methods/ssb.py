"""FixMatch on all unlabeled images, and beside it a detector that finds those of unknown classes."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from semisup.core.ranges import NonNegative, Probability
from semisup.data.batch import Batch
from semisup.methods.detectors import OneAgainstRest, against_rest
from semisup.methods.fixmatch import FixMatch
from semisup.methods.functional import hard_pseudo_labels, weighted_cross_entropy
from semisup.methods.heads import features_and_logits
from semisup.methods.step_output import StepOutput


class SSB(FixMatch):
    """SSB: FixMatch, and a one-against-rest detector that also learns from what it is sure that images are not.

        L = FixMatch's + D(x) + λ_n · 1[t ≥ t₀] · mean_u Σ_c 1[b_c(u_weak) ≤ τ_n] · -log (1 - b_c(u_strong))
            + λ_e · mean_{u, c} H(b_c(u_weak)) + λ_s · mean_u Σ_c 2 (b_c(u_weak) - b_c(u_weak'))²
        D(x) = -log b_y(x_weak) + mean over both views of 1/K Σ_{c ≠ y} -log (1 - b_c(x))

    b_c says whether an image is of class c, by an MLP on the features. An image is unknown by 1 - b_ŷ, ŷ = argmax p.

    Source: Fan et al., 2023, arXiv:2311.10572, section 3, and its code for D and values; the entropy and consistency of
    b are OpenMatch's, Saito et al., 2021, arXiv:2105.14148. Departures: the classifier's head is the network's own,
    without an MLP before it; FixMatch learns from the first step and D is the same throughout.

    Args:
        network: A Backbone.
        classes: K.
        negative_threshold: τ_n.
        negative_start: t₀, a share of the training.
        negative_weight: λ_n.
        entropy_weight: λ_e.
        stability_weight: λ_s.
        base: Arguments of FixMatch.
    """

    views = ("weak", "weak_2", "strong")
    more_labeled_views = ("strong",)
    detector: OneAgainstRest

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        negative_threshold: Probability = 0.01,
        negative_start: Probability = 0.93,
        negative_weight: NonNegative = 1.0,
        entropy_weight: NonNegative = 0.1,
        stability_weight: NonNegative = 0.5,
        **base: Any,
    ) -> None:
        super().__init__(network, classes=classes, **base)
        self.negative_threshold, self.negative_start = negative_threshold, negative_start
        self.weights = {"negatives": negative_weight, "entropy": entropy_weight, "stability": stability_weight}
        self.set_detector(OneAgainstRest(network, 128, classes))

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        images = (labeled.image, labeled.strong, unlabeled.strong, unlabeled.weak, unlabeled.weak_2)
        outputs = features_and_logits(self.network, *images)
        logits, strong, weak = outputs[0][1], outputs[2][1], outputs[3][1].detach()
        pseudo_labels = hard_pseudo_labels(self.align(weak, labeled.label), self.threshold)
        terms = {"supervised": self.supervised_loss(logits, labeled.label)}
        terms["consistency"] = weighted_cross_entropy(strong, pseudo_labels)
        inside = self.detector.inlier_logits(torch.cat([features for features, _ in outputs]))  # of b, before σ
        labeled_weak, labeled_strong, strong_inside, one, other = inside.split([len(group) for group in images])
        terms["detector"] = against_rest(labeled_weak, labeled_strong, labeled.label)
        mined = (one.detach().sigmoid() <= self.negative_threshold) & (self.progress >= self.negative_start)
        terms["negatives"] = (F.softplus(strong_inside) * mined).sum(-1).mean()
        pair = torch.stack([one, other])
        terms["entropy"] = F.binary_cross_entropy_with_logits(pair, pair.sigmoid())
        terms["stability"] = 2 * (one.sigmoid() - other.sigmoid()).square().sum(-1).mean()
        loss = terms["supervised"] + self.unlabeled_weight * terms["consistency"] + terms["detector"]
        loss = sum((weight * terms[name] for name, weight in self.weights.items()), start=loss)
        return StepOutput(loss, terms, pseudo_labels)
