"""A network learns to predict what the moving average of itself predicts."""

from typing import Any

import torch
from torch import nn

from semisup.data.batch import Batch
from semisup.errors import SemisupError
from semisup.functional import cross_entropy, mean_squared_error, ramp_up, soft_target
from semisup.methods.base import Loss, Method


class MeanTeacher(Method):
    """Mean Teacher (Tarvainen and Valpola, 2017, arXiv:1703.01780), section 2.

        L = H(y, p_θ(x)) + w(t) · mean_u,k (p_θ(u')_k - p_θ'(u'')_k)²,   θ' ← d · θ' + (1 - d) · θ

    The teacher θ' is the moving average that is evaluated, and `ema` its decay d. unlabeled_weight: w at the end of the
    ramp. ramp: the share of the training over which w rises from 0.
    Departures: the teacher predicts in evaluation mode, by its running statistics of batch norm and without dropout;
    w rises linearly instead of by exp(-5 (1 - t)²), and at step t, d is at most (1 + t) / (10 + t). Weight and ramp are
    those of the reimplementation by Berthelot et al. (2019).
    """

    views = ("weak", "weak_2")

    def __init__(self, network: nn.Module, *, unlabeled_weight: float = 50.0, ramp: float = 0.4, **base: Any) -> None:
        super().__init__(network, **base)
        if self.average is None:
            raise SemisupError("Mean Teacher's teacher is the moving average: method.ema must be above 0.")
        self.unlabeled_weight, self.ramp = unlabeled_weight, ramp

    def loss(self, labeled: Batch, unlabeled: Batch) -> Loss:
        logits, student = self.logits(labeled.image, unlabeled.weak)  # (B, K), (uB, K)
        with torch.no_grad():
            teacher = self(unlabeled.weak_2)  # (uB, K)
        weight = self.unlabeled_weight * ramp_up(self.progress, 0.0, self.ramp)
        supervised = cross_entropy(logits, labeled.label)
        consistency = mean_squared_error(student, soft_target(teacher))
        loss = supervised + weight * consistency
        return loss, {"supervised": supervised, "consistency": consistency, "weight": weight}
