"""The prediction on a mixture of two images is the mixture of the predictions on them."""

from typing import Any

import torch
from torch import nn
from torch.distributions import Beta

from semisup.core.errors import SemisupError
from semisup.core.ranges import NonNegative, Positive
from semisup.data.batch import Batch
from semisup.methods.functional import mean_squared_error, mixup, sharpened_softmax
from semisup.methods.mixing import draw_mixture
from semisup.methods.ramped import RampedMethod
from semisup.methods.step_output import StepOutput


class ICT(RampedMethod):
    """Interpolation Consistency Training, with the moving average of the network as teacher.

        L = H(y, p_θ(x)) + w(t) · mean_u,k (p_θ(λ u + (1 - λ) u')_k - (λ p_θ'(u) + (1 - λ) p_θ'(u'))_k)²
        λ ~ Beta(α, α),   u' another unlabeled image of the step

    Source: Verma et al., 2019, arXiv:1903.03825, algorithm 1. α, weight and ramp are those of the reimplementation by
    Berthelot et al. (2019). Departures: the teacher predicts in evaluation mode; w rises linearly; each image has its
    own λ; each process of several mixes its own images.

    Args:
        network: Maps views to logits (N, K).
        unlabeled_weight: w at the end of the ramp.
        alpha: α.
        base: Arguments of RampedMethod and Method; `ema` must be above 0.

    Raises:
        SemisupError: If `ema` is 0.
    """

    views = ("weak",)

    def __init__(
        self,
        network: nn.Module,
        *,
        unlabeled_weight: NonNegative = 50.0,
        alpha: Positive = 0.5,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        if self.ema is None:
            raise SemisupError("ICT's teacher is the moving average: method.ema must be above 0.")
        self.unlabeled_weight = unlabeled_weight
        self.shares = Beta(alpha, alpha)

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        order, share = draw_mixture(self.shares, len(unlabeled.weak), unlabeled.weak.device)  # (uB,), (uB,)
        with torch.no_grad():
            teacher = sharpened_softmax(self(unlabeled.weak))  # (uB, K)
        logits, student = self.logits(labeled.image, mixup(unlabeled.weak, order, share))  # (B, K), (uB, K)
        weight = self.unlabeled_weight * self.rise
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = mean_squared_error(student, mixup(teacher, order, share))
        loss = supervised + weight * consistency
        return StepOutput(loss, {"supervised": supervised, "consistency": consistency, "weight": weight})
