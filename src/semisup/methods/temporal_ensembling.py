"""The prediction on an image stays near the average of the earlier predictions on it."""

from typing import Any

import torch
from torch import Tensor, nn

from semisup.core.ranges import Fraction, NonNegative
from semisup.data.batch import Batch
from semisup.methods.functional import last_occurrence, sharpened_softmax
from semisup.methods.ramped import RampedMethod
from semisup.methods.step_output import StepOutput


class TemporalEnsembling(RampedMethod):
    """Temporal ensembling: the average of the predictions on an image is its target.

        L = H(y, p(x)) + w(t) · mean_u,k (p(u)_k - Z̃(u)_k)²,   Z̃ = Z / (1 - α^n)
        Z(u) ← α · Z(u) + (1 - α) · p(u)   after the n-th step with u

    An image that is seen for the first time costs nothing. If a step has an image twice, the later prediction counts.

    Source: Laine and Aila, 2017, arXiv:1610.02242, algorithm 2. Departures: Z moves at each step with the image instead
    of once per epoch; w rises linearly instead of by exp(-5 (1 - t)²), over .4 of the training and to 30, as in
    LAMDA-SSL.

    Args:
        network: Maps views to logits (N, K).
        classes: K.
        images: How many images the data set has.
        unlabeled_weight: w at the end of the ramp.
        decay: α.
        base: Arguments of RampedMethod and Method.
    """

    views = ("weak",)
    average: Tensor  # Z, (images, K)
    seen: Tensor  # n, (images,)

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        images: int,
        unlabeled_weight: NonNegative = 30.0,
        decay: Fraction = 0.6,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.unlabeled_weight, self.decay = unlabeled_weight, decay
        self.register_buffer("average", torch.zeros(images, classes))
        self.register_buffer("seen", torch.zeros(images))

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        logits, guess = self.logits(labeled.image, unlabeled.weak)  # (B, K), (uB, K)
        seen = self.seen[unlabeled.index]  # (uB,)
        target = self.average[unlabeled.index] / (1 - self.decay**seen).clamp_min(1e-6)[:, None]
        distance = (guess.float().softmax(-1) - target).square().mean(-1)  # (uB,)
        weight = self.unlabeled_weight * self.rise
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = (distance * (seen > 0)).mean()
        self.update_statistics(unlabeled.index, sharpened_softmax(guess))
        loss = supervised + weight * consistency
        return StepOutput(loss, {"supervised": supervised, "consistency": consistency, "weight": weight})

    def update_statistics(self, index: Tensor, probability: Tensor) -> None:
        """Moves Z of the images of this step.

        Args:
            index: The images, (uB,) int64.
            probability: The predictions on them, (uB, K).
        """
        index, probability = self.gather_across_ranks(index), self.gather_across_ranks(probability)
        moved = self.average[index].lerp(probability[last_occurrence(index)], 1 - self.decay)
        self.average.index_copy_(0, index, moved)
        self.seen.index_copy_(0, index, self.seen[index] + 1)
