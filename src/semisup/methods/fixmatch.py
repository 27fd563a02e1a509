"""A sure prediction on the weak view is the target of the strong view."""

from typing import Any

from torch import nn

from semisup.data.batch import Batch
from semisup.functional import confident, cross_entropy, weighted_cross_entropy
from semisup.methods.base import Loss, Method


class FixMatch(Method):
    """FixMatch (Sohn et al., 2020, arXiv:2001.07685), eq. 3 and 4.

        L = H(y, p(x_weak)) + λ · mean_u 1[max p(u_weak) ≥ τ] · H(argmax p(u_weak), p(u_strong))

    threshold: τ. unlabeled_weight: λ. As in the authors' code, images below the threshold count in the mean.
    Departure: none known.
    """

    views = ("weak", "strong")

    def __init__(
        self, network: nn.Module, *, threshold: float = 0.95, unlabeled_weight: float = 1.0, **base: Any
    ) -> None:
        super().__init__(network, **base)
        self.threshold, self.unlabeled_weight = threshold, unlabeled_weight

    def loss(self, labeled: Batch, unlabeled: Batch) -> Loss:
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, without_graph=(unlabeled.weak,))
        target, weight = confident(weak, self.threshold)  # (uB,), (uB,)
        self.uses(target, weight, weak)
        supervised = cross_entropy(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, target, weight)
        loss = supervised + self.unlabeled_weight * consistency
        return loss, {"supervised": supervised, "consistency": consistency}
