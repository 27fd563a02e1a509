"""Optimizers with their schedules: what conf/optimizer chooses from."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from semisup.core.errors import SemisupError

Schedule = Literal["constant", "cosine"]


@dataclass(frozen=True)
class OptimizerConfig:
    """How a network is optimized. make: from parameter groups, learning rate and weight decay to an optimizer."""

    make: Callable[..., torch.optim.Optimizer]
    lr: float
    weight_decay: float
    schedule: Schedule
    warmup: int

    def __post_init__(self) -> None:
        for name in ("weight_decay", "warmup"):
            if getattr(self, name) < 0:
                raise SemisupError(f"optimizer.{name} is at least 0; got {getattr(self, name)}.")

    def optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        """Weight decay acts on weights of two and more dimensions only: not on biases and norms."""
        parameters = [p for p in network.parameters() if p.requires_grad]
        groups: list[dict[str, Any]] = [
            {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": self.weight_decay},
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
        ]
        return self.make([group for group in groups if group["params"]], lr=self.lr)

    def factor(self, step: int, total: int) -> float:
        """The learning rate at `step` of `total`, as a fraction of lr: linear warm-up, then the schedule."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        if self.schedule == "constant":
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - self.warmup) / max(1, total - self.warmup))))


def sgd(
    lr: float = 0.03,
    weight_decay: float = 5e-4,
    momentum: float = 0.9,
    nesterov: bool = True,
    schedule: Schedule = "cosine",
    warmup: int = 0,
) -> OptimizerConfig:
    """SGD with the literature's defaults. The cosine goes down to 0; FixMatch's, over 7/16 of a period, stops at .2."""

    def make(groups: list[dict[str, Any]], lr: float) -> torch.optim.Optimizer:
        return torch.optim.SGD(groups, lr=lr, momentum=momentum, nesterov=nesterov)

    return OptimizerConfig(make, lr, weight_decay, schedule, warmup)


def adam(
    lr: float = 1e-3,
    weight_decay: float = 0.0,
    beta1: float = 0.9,
    beta2: float = 0.999,
    schedule: Schedule = "cosine",
    warmup: int = 0,
) -> OptimizerConfig:
    """Adam with decoupled weight decay (AdamW); without weight decay the two are the same."""

    def make(groups: list[dict[str, Any]], lr: float) -> torch.optim.Optimizer:
        return torch.optim.AdamW(groups, lr=lr, betas=(beta1, beta2))

    return OptimizerConfig(make, lr, weight_decay, schedule, warmup)
