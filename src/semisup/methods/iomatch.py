"""FixMatch for unlabeled images of which some are of no class: they are one more class of a second classifier."""

from typing import Any

import torch
from torch import nn

from semisup.core.ranges import NonNegative, Probability
from semisup.data.batch import Batch
from semisup.methods.alignment import Alignment
from semisup.methods.detectors import OpenHead, one_against_rest
from semisup.methods.fixmatch import FixMatch
from semisup.methods.functional import confident_classes, sharpened_softmax, weighted_cross_entropy
from semisup.methods.heads import features_and_logits
from semisup.methods.step_output import PseudoLabels, StepOutput


class IOMatch(FixMatch):
    """IOMatch: inliers and outliers among the unlabeled images are learned together.

        L = H(y, p(x_weak)) + λ_b · B(x_weak) + λ · mean_u 1[max p̃ ≥ τ] · 1[q_out < 1/2] · H(p̃, p(u_strong))
            + λ_o · mean_u 1[max q ≥ τ_o] · H(q, p_o(u_strong)),   q = (p̃_c · b_c(u_weak) for c; the rest, q_out)
        B(x) = -log b_y(x) + max_{c ≠ y} -log (1 - b_c(x))

    p̃ is the aligned p(u_weak), b_c says whether an image is of class c, and p_o has K + 1 classes. Both
    are heads on an MLP of the features; p alone predicts the class. The last class of p_o is how likely an image is of
    no class: `predict` answers unknown by it, and the test measures it.

    Source: Li et al., 2023, arXiv:2308.13168, eq. 3 to 9, and its code for B and values. Departures: alignment as in
    AlignedMethod; p_o learns from the first step.

    Args:
        network: A Backbone.
        classes: K.
        open_threshold: τ_o.
        binary_weight: λ_b.
        open_weight: λ_o.
        alignment: As in AlignedMethod.
        base: Arguments of FixMatch.
    """

    detector: OpenHead

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        open_threshold: Probability = 0.5,
        binary_weight: NonNegative = 1.0,
        open_weight: NonNegative = 1.0,
        alignment: Alignment = "uniform",
        **base: Any,
    ) -> None:
        super().__init__(network, classes=classes, alignment=alignment, **base)
        self.open_threshold, self.binary_weight, self.open_weight = open_threshold, binary_weight, open_weight
        self.set_detector(OpenHead(network, 128, classes))
        self.binary_heads = nn.Linear(128, classes)

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        (features, logits), (strong_features, strong), (weak_features, weak) = features_and_logits(
            self.network, labeled.image, unlabeled.strong, unlabeled.weak
        )
        supervised = self.supervised_loss(logits, labeled.label)
        project = self.detector.project
        binary = one_against_rest(self.binary_heads(project(features)), labeled.label)
        guess = sharpened_softmax(self.align(weak.detach(), labeled.label))  # p̃, (uB, K)
        inlier = guess * self.binary_heads(project(weak_features)).detach().float().sigmoid()  # (uB, K)
        outlier = 1 - inlier.sum(-1)  # q_out, (uB,)
        confident = confident_classes(guess, self.threshold)
        pseudo_labels = confident._replace(weight=confident.weight * (outlier < 0.5))
        consistency = weighted_cross_entropy(strong, pseudo_labels._replace(target=guess))
        open_target = torch.cat([inlier, outlier[:, None]], -1)  # q, (uB, K + 1)
        kept = (open_target.amax(-1) >= self.open_threshold).float()
        openness = weighted_cross_entropy(
            self.detector.classify(project(strong_features)), PseudoLabels(open_target, kept)
        )
        loss = supervised + self.binary_weight * binary + self.unlabeled_weight * consistency
        terms = {"supervised": supervised, "binary": binary, "consistency": consistency, "open": openness}
        return StepOutput(loss + self.open_weight * openness, terms | {"outliers": outlier.mean()}, pseudo_labels)
