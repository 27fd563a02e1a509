"""FixMatch in a long tail, with a second classifier that counts all classes the same."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.errors import SemisupError
from semisup.core.ranges import NonNegative
from semisup.data.batch import Batch
from semisup.methods.fixmatch import FixMatch
from semisup.methods.functional import hard_pseudo_labels, sharpened_softmax, weighted_cross_entropy
from semisup.methods.heads import as_backbone, features_and_logits
from semisup.methods.step_output import PseudoLabels, StepOutput


class ABC(FixMatch):
    """Auxiliary Balanced Classifier: FixMatch trains the features, and a balanced head on them predicts.

        L = FixMatch's of the head b + mean_x m(y) · H(y, p(x_weak))
            + λ_b · mean_u 1[max p(u_weak) ≥ τ] · M(u) · H(p(u_weak), p(u_strong))
        m(c) = N_min / N_c,   M(u) = 1 - t · (1 - m(argmax p(u_weak)))

    p is the balanced head's, which is the network's own; b is a head beside it. N_c are the labels of class c that were
    seen, and one more; t is the share of the training that is done.

    Source: Lee et al., 2021, arXiv:2110.10368, eq. 2 to 5. Departures: images are weighted by m and M instead of drawn
    with these probabilities; one strong view instead of two.

    Args:
        network: A Backbone.
        classes: K.
        balanced_weight: λ_b.
        base: Arguments of FixMatch.

    Raises:
        SemisupError: If `logit_adjustment` is on, which balances too.
    """

    labels: Tensor  # N, (K,)

    def __init__(self, network: nn.Module, *, classes: int, balanced_weight: NonNegative = 1.0, **base: Any) -> None:
        super().__init__(network, classes=classes, **base)
        if self.class_prior is not None:
            raise SemisupError("abc balances its classifier itself: leave out method.logit_adjustment.")
        self.balanced_weight = balanced_weight
        self.base_head = nn.Linear(as_backbone(network).num_features, classes)
        self.register_buffer("labels", torch.ones(classes))

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        (features, logits), (strong_features, strong), (weak_features, weak) = features_and_logits(
            self.network, labeled.image, unlabeled.strong, unlabeled.weak
        )
        pseudo_labels = hard_pseudo_labels(self.align(self.base_head(weak_features), labeled.label), self.threshold)
        supervised = self.supervised_loss(self.base_head(features), labeled.label)
        consistency = weighted_cross_entropy(self.base_head(strong_features), pseudo_labels)
        self.labels += F.one_hot(self.gather_across_ranks(labeled.label), len(self.labels)).sum(0)
        rarity = self.labels.min() / self.labels  # m, (K,)
        guess = hard_pseudo_labels(weak, self.threshold)
        kept = guess.weight * (1 - self.progress * (1 - rarity[guess.target]))
        balanced = weighted_cross_entropy(logits, PseudoLabels(labeled.label, rarity[labeled.label]))
        balanced_consistency = weighted_cross_entropy(strong, PseudoLabels(sharpened_softmax(weak), kept))
        loss = supervised + self.unlabeled_weight * consistency + balanced + self.balanced_weight * balanced_consistency
        terms = {"supervised": supervised, "consistency": consistency, "balanced": balanced}
        return StepOutput(loss, terms | {"balanced_consistency": balanced_consistency}, pseudo_labels)
