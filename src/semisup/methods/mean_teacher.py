"""A network learns to predict what the moving average of itself predicts."""

from typing import Any

import torch
from torch import nn

from semisup.core.errors import SemisupError
from semisup.core.ranges import NonNegative
from semisup.data.batch import Batch
from semisup.methods.functional import mean_squared_error, sharpened_softmax
from semisup.methods.ramped import RampedMethod
from semisup.methods.step_output import StepOutput


class MeanTeacher(RampedMethod):
    """Mean Teacher: the moving average of the network is the teacher.

        L = H(y, p_θ(x)) + w(t) · mean_u,k (p_θ(u')_k - p_θ'(u'')_k)²,   θ' ← d · θ' + (1 - d) · θ

    The teacher θ' is `eval_network`, and `ema` its decay d.

    Source: Tarvainen and Valpola, 2017, arXiv:1703.01780, section 2. Weight and ramp are those of the
    reimplementation by Berthelot et al. (2019). Departures: the teacher predicts in evaluation mode, with the running
    statistics of batch norm and without dropout; w rises linearly instead of by exp(-5 (1 - t)²); at step t, d is at
    most (1 + t) / (10 + t).

    Args:
        network: Maps views to logits (N, K).
        unlabeled_weight: w at the end of the ramp.
        base: Arguments of RampedMethod and Method; `ema` must be above 0.

    Raises:
        SemisupError: If `ema` is 0.
    """

    views = ("weak", "weak_2")

    def __init__(self, network: nn.Module, *, unlabeled_weight: NonNegative = 50.0, **base: Any) -> None:
        super().__init__(network, **base)
        if self.ema is None:
            raise SemisupError("Mean Teacher's teacher is the moving average: method.ema must be above 0.")
        self.unlabeled_weight = unlabeled_weight

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        logits, student = self.logits(labeled.image, unlabeled.weak)  # (B, K), (uB, K)
        with torch.no_grad():
            teacher = self(unlabeled.weak_2)  # (uB, K)
        weight = self.unlabeled_weight * self.rise
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = mean_squared_error(student, sharpened_softmax(teacher))
        loss = supervised + weight * consistency
        return StepOutput(loss, {"supervised": supervised, "consistency": consistency, "weight": weight})
