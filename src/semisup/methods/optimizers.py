"""Optimizers with their schedules: what conf/optimizer chooses from."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import nn

from semisup.core.errors import SemisupError
from semisup.core.ranges import Fraction, NonNegative, NonNegativeInt, Positive, enforce_ranges

Schedule = Literal["constant", "cosine"]


@enforce_ranges
@dataclass(frozen=True)
class OptimizerConfig:
    """How a network is optimized.

    Args:
        make: Takes a list of parameter groups and `lr`, and returns a torch optimizer.
        lr: The highest learning rate.
        weight_decay: Of weights of two and more dimensions. Biases and norms have none.
        schedule: How the learning rate changes after the warm-up; 'cosine' falls to 0 at the last step.
        warmup: Steps over which the learning rate rises linearly to `lr`.
    """

    make: Callable[..., torch.optim.Optimizer]
    lr: Positive
    weight_decay: NonNegative
    schedule: Schedule
    warmup: NonNegativeInt

    def optimizer(self, module: nn.Module) -> torch.optim.Optimizer:
        """A new optimizer.

        Args:
            module: A method, or a network. Its parameters that require a gradient are optimized.

        Returns:
            An optimizer with one parameter group with weight decay and one without.
        """
        parameters = [p for p in module.parameters() if p.requires_grad]
        groups: list[dict[str, Any]] = [
            {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": self.weight_decay},
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
        ]
        return self.make([group for group in groups if group["params"]], lr=self.lr)

    def factor(self, step: int, total: int) -> float:
        """The learning rate of a step, as a share of `lr`.

        Args:
            step: The step, from 0.
            total: Steps of the training.

        Returns:
            From 0 to 1.
        """
        if step < self.warmup:
            return (step + 1) / self.warmup
        if self.schedule == "constant":
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - self.warmup) / max(1, total - self.warmup))))


@enforce_ranges
def sgd(
    lr: Positive = 0.03,
    weight_decay: NonNegative = 5e-4,
    momentum: Fraction = 0.9,
    nesterov: bool = True,
    schedule: Schedule = "cosine",
    warmup: NonNegativeInt = 0,
) -> OptimizerConfig:
    """SGD with the literature's defaults. FixMatch's cosine, over 7/16 of a period, stops at .2; ours falls to 0.

    Args:
        lr: The highest learning rate.
        weight_decay: Of weights of two and more dimensions.
        momentum: The share of the last update that the next one keeps.
        nesterov: Whether the momentum is Nesterov's.
        schedule: How the learning rate changes after the warm-up.
        warmup: Steps over which the learning rate rises to `lr`.

    Returns:
        The configuration.

    Raises:
        SemisupError: If Nesterov's momentum is 0.
    """
    if nesterov and not momentum:
        raise SemisupError("optimizer.nesterov=true needs a momentum above 0; write optimizer.nesterov=false.")
    return OptimizerConfig(
        partial(torch.optim.SGD, momentum=momentum, nesterov=nesterov), lr, weight_decay, schedule, warmup
    )


@enforce_ranges
def adam(
    lr: Positive = 1e-3,
    weight_decay: NonNegative = 0.0,
    beta1: Fraction = 0.9,
    beta2: Fraction = 0.999,
    schedule: Schedule = "cosine",
    warmup: NonNegativeInt = 0,
) -> OptimizerConfig:
    """Adam with decoupled weight decay (AdamW); without weight decay the two are the same.

    Args:
        lr: The highest learning rate.
        weight_decay: Of weights of two and more dimensions.
        beta1: Decay of the mean of the gradients.
        beta2: Decay of the mean of their squares.
        schedule: How the learning rate changes after the warm-up.
        warmup: Steps over which the learning rate rises to `lr`.

    Returns:
        The configuration.
    """
    return OptimizerConfig(partial(torch.optim.AdamW, betas=(beta1, beta2)), lr, weight_decay, schedule, warmup)
