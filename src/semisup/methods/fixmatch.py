"""A confident prediction on the weak view is the target of the strong view."""

from typing import Any

from torch import nn

from semisup.core.ranges import NonNegative, Probability
from semisup.data.batch import Batch
from semisup.methods.alignment import AlignedMethod
from semisup.methods.functional import hard_pseudo_labels, weighted_cross_entropy
from semisup.methods.step_output import StepOutput


class FixMatch(AlignedMethod):
    """FixMatch: a confident prediction on the weak view is the target of the strong view.

        L = H(y, p(x_weak)) + λ · mean_u 1[max p(u_weak) ≥ τ] · H(argmax p(u_weak), p(u_strong))

    As in the authors' code, images below the threshold count in the mean.

    Source: Sohn et al., 2020, arXiv:2001.07685, eq. 3 and 4. Departures: none known.

    Args:
        network: Maps views to logits (N, K).
        threshold: τ.
        unlabeled_weight: λ.
        base: Arguments of AlignedMethod and Method.
    """

    views: tuple[str, ...] = ("weak", "strong")

    def __init__(
        self, network: nn.Module, *, threshold: Probability = 0.95, unlabeled_weight: NonNegative = 1.0, **base: Any
    ) -> None:
        super().__init__(network, **base)
        self.threshold, self.unlabeled_weight = threshold, unlabeled_weight

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, no_grad=(unlabeled.weak,))
        pseudo_labels = self.keep(hard_pseudo_labels(self.align(weak, labeled.label), self.threshold))
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, pseudo_labels)
        loss = supervised + self.unlabeled_weight * consistency
        return StepOutput(loss, {"supervised": supervised, "consistency": consistency}, pseudo_labels)
