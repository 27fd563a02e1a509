"""Two views of an image get the same prediction."""

from typing import Any

from torch import nn

from semisup.core.ranges import NonNegative
from semisup.data.batch import Batch
from semisup.methods.functional import mean_squared_error, sharpened_softmax
from semisup.methods.ramped import RampedMethod
from semisup.methods.step_output import StepOutput


class PiModel(RampedMethod):
    """Π-model: two weak views u' and u'' of an image get the same prediction.

        L = H(y, p(x)) + w(t) · mean_u,k (p(u')_k - p(u'')_k)²

    Source: Laine and Aila, 2017, arXiv:1610.02242, algorithm 1. Departures, as in the reimplementation of Berthelot
    et al. (2019), whose weight and ramp we take: p(u'') is a target through which no gradient flows, and w rises
    linearly instead of by exp(-5 (1 - t)²).

    Args:
        network: Maps views to logits (N, K).
        unlabeled_weight: w at the end of the ramp.
        base: Arguments of RampedMethod and Method.
    """

    views = ("weak", "weak_2")

    def __init__(self, network: nn.Module, *, unlabeled_weight: NonNegative = 10.0, **base: Any) -> None:
        super().__init__(network, **base)
        self.unlabeled_weight = unlabeled_weight

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        # (B, K), (uB, K), (uB, K)
        logits, one, other = self.logits(labeled.image, unlabeled.weak, no_grad=(unlabeled.weak_2,))
        weight = self.unlabeled_weight * self.rise
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = mean_squared_error(one, sharpened_softmax(other))
        loss = supervised + weight * consistency
        return StepOutput(loss, {"supervised": supervised, "consistency": consistency, "weight": weight})
