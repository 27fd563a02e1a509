"""A weight of the unlabeled images that rises at first: what many methods have in common."""

from typing import Any

from torch import nn

from semisup.core.ranges import Probability
from semisup.methods.base import Method
from semisup.methods.schedules import ramp_up


class RampedMethod(Method):
    """A method whose unlabeled images count little at first, when its predictions on them are poor.

    Args:
        network: Maps views to logits (N, K).
        ramp: The share of the training over which the weight of the unlabeled images rises from 0.
        base: Arguments of Method.
    """

    def __init__(self, network: nn.Module, *, ramp: Probability = 0.4, **base: Any) -> None:
        super().__init__(network, **base)
        self.ramp = ramp

    @property
    def rise(self) -> float:
        """min(1, t / ramp) after the share t of the training."""
        return ramp_up(self.progress, 0.0, self.ramp)
