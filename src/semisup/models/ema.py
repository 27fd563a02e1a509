"""The exponential moving average of a network: it is evaluated, and it is the teacher of some methods."""

import copy
import warnings

import torch
from torch import Tensor, nn

from semisup.core.ranges import Fraction, enforce_ranges

# Lightning warns of modules in evaluation mode at the start of a training; the average is always in it.
warnings.filterwarnings("ignore", message=r"Found \d+ module\(s\) in eval mode")


@enforce_ranges
class EMA(nn.Module):
    """A copy of a network whose weights follow it: θ' ← d·θ' + (1 - d)·θ.

    As in TensorFlow, d is min(decay, (1 + t) / (10 + t)) at step t, so that the initial weights do not dominate short
    runs. Running statistics of batch norm are averaged like the weights; counters are copied. The copy is always in
    evaluation mode and receives no gradient.

    Lightning's EMAWeightAveraging would also average the thresholds and the memory in a method's buffers, and loops
    over the tensors at each step.

    Args:
        network: The network.
        decay: d.
    """

    def __init__(self, network: nn.Module, decay: Fraction = 0.999) -> None:
        super().__init__()
        self.decay = decay
        self.network = copy.deepcopy(network).requires_grad_(False).eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)

    def train(self, mode: bool = True) -> "EMA":
        """Stays in evaluation mode."""
        return super().train(False)

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Moves the average towards the network.

        Args:
            network: The network.
            step: How many steps of training it has done, 1 after the first.
        """
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        mine = [*self.network.parameters(), *self.network.buffers()]
        theirs = [*network.parameters(), *network.buffers()]
        floating = [a.is_floating_point() for a in mine]
        torch._foreach_lerp_(
            [a for a, f in zip(mine, floating, strict=True) if f],
            [b.detach() for b, f in zip(theirs, floating, strict=True) if f],
            weight,
        )
        for a, b, f in zip(mine, theirs, floating, strict=True):
            if not f:
                a.copy_(b)
