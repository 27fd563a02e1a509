"""Two views of an image get the same prediction."""

from typing import Any

from torch import nn

from semisup.data.batch import Batch
from semisup.functional import cross_entropy, mean_squared_error, ramp_up, soft_target
from semisup.methods.base import Loss, Method


class PiModel(Method):
    """Π-model (Laine and Aila, 2017, arXiv:1610.02242), algorithm 1.

        L = H(y, p(x)) + w(t) · mean_u,k (p(u')_k - p(u'')_k)²,   u' and u'' two weak views

    unlabeled_weight: w at the end of the ramp. ramp: the share of the training over which w rises from 0.
    Departures: as in the reimplementation of Berthelot et al. (2019), whose weight and ramp we take, p(u'') is a target
    through which no gradient flows, and w rises linearly instead of by exp(-5 (1 - t)²).
    """

    views = ("weak", "weak_2")

    def __init__(self, network: nn.Module, *, unlabeled_weight: float = 10.0, ramp: float = 0.4, **base: Any) -> None:
        super().__init__(network, **base)
        self.unlabeled_weight, self.ramp = unlabeled_weight, ramp

    def loss(self, labeled: Batch, unlabeled: Batch) -> Loss:
        # (B, K), (uB, K), (uB, K)
        logits, one, other = self.logits(labeled.image, unlabeled.weak, without_graph=(unlabeled.weak_2,))
        weight = self.unlabeled_weight * ramp_up(self.progress, 0.0, self.ramp)
        supervised = cross_entropy(logits, labeled.label)
        consistency = mean_squared_error(one, soft_target(other))
        loss = supervised + weight * consistency
        return loss, {"supervised": supervised, "consistency": consistency, "weight": weight}
