"""The exponential moving average of a network: what is evaluated, and a teacher for methods that want one."""

import copy
import warnings

import torch
from torch import Tensor, nn

from semisup.core.errors import SemisupError

# Lightning warns of modules in evaluation mode at the start of a training; the average is so on purpose.
warnings.filterwarnings("ignore", message=r"Found \d+ module\(s\) in eval mode")


class EMA(nn.Module):
    """A copy of a network whose weights follow it: θ' ← d·θ' + (1 - d)·θ.

    decay: d in [0, 1). As in TensorFlow's, it is min(decay, (1 + t) / (10 + t)) at step t, so that short runs and the
    first steps of long ones are not dominated by the initial weights. Running statistics of batch norm are averaged
    with the weights; counters are copied. The copy is always in evaluation mode and receives no gradient.

    Ours and not Lightning's EMAWeightAveraging, which averages the whole module, with the thresholds and the per-image
    memory that a method keeps in its buffers, and takes a Python loop over the tensors at each step.
    """

    def __init__(self, network: nn.Module, decay: float = 0.999) -> None:
        super().__init__()
        if not 0 <= decay < 1:
            raise SemisupError(f"the decay of a moving average is from 0 up to but not including 1; got {decay}.")
        self.decay = decay
        self.network = copy.deepcopy(network).requires_grad_(False).eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)

    def train(self, mode: bool = True) -> "EMA":
        """Stays in evaluation mode."""
        return super().train(False)

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Follows `network`, whose `step` steps of training are done (1 after the first)."""
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
