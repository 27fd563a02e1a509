"""Optimizers with their schedules: what conf/optimizer chooses from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from semisup.core.errors import SemisupError
from semisup.core.ranges import Fraction, NonNegative, NonNegativeInt, Positive, Probability, enforce_ranges
from semisup.methods.schedules import Decay, Schedule, learning_rate_factor, ramp_up
from semisup.models.backbones import Backbone
from semisup.models.layers import layer_depths


class MomentumRamp(NamedTuple):
    """Momentum that rises linearly, with a gradient that is damped as much: ΔW_t = m_t ΔW_{t-1} - (1 - m_t) · gradient.

    Source: Hinton et al., 2012, arXiv:1207.0580, appendix A, which Lee (2013) follows. Departures: the rate multiplies
    ΔW as a whole, and the first step is not damped, as in torch.

    Args:
        start: m at the first step.
        end: m from the end of the rise on.
        share: The share of the training over which m rises.
    """

    start: float
    end: float
    share: float

    def momentum(self, progress: float) -> float:
        """m after a share of the training.

        Args:
            progress: The share, from 0 to 1.

        Returns:
            From `start` to `end`.
        """
        return self.start + (self.end - self.start) * ramp_up(progress, 0.0, self.share)


class _MomentumSchedule(LambdaLR):
    """A schedule of the learning rate that sets the momentum of SGD, too. What it keeps can be in a checkpoint."""

    def __init__(
        self, optimizer: torch.optim.Optimizer, factor: Callable[[int], float], total: int, ramp: MomentumRamp
    ) -> None:
        self.total, self.ramp = total, tuple(ramp)
        super().__init__(optimizer, factor)

    def get_lr(self) -> Any:
        momentum = MomentumRamp(*self.ramp).momentum(min(1.0, self.last_epoch / self.total))
        for group in self.optimizer.param_groups:
            group["momentum"] = group["dampening"] = momentum
        return super().get_lr()


@enforce_ranges
@dataclass(frozen=True)
class OptimizerConfig:
    """How a network is optimized.

    Args:
        make: Takes a list of parameter groups and `lr`, and returns a torch optimizer.
        lr: The highest learning rate.
        weight_decay: Of weights of two and more dimensions. Biases and norms have none.
        schedule: How the learning rate changes after the warm-up, as of `learning_rate_factor`.
        warmup: Steps over which the learning rate rises linearly to `lr`.
        layer_decay: Each layer has the rate of the layer above it times this; 1 gives all layers the same rate.
        decay_at: With schedule=step: the shares of the training at which the rate falls.
        decay_factor: With schedule=step: what it is multiplied by each time. With exponential: over the training.
        momentum: How the momentum of SGD rises; None leaves it constant.

    Raises:
        SemisupError: If `decay_at` or `decay_factor` is given for a schedule that has none.
    """

    make: Callable[..., torch.optim.Optimizer]
    lr: Positive
    weight_decay: NonNegative
    schedule: Schedule
    warmup: NonNegativeInt
    layer_decay: Decay = 1.0
    decay_at: Sequence[Fraction] | None = None
    decay_factor: Decay | None = None
    momentum: MomentumRamp | None = None

    def __post_init__(self) -> None:
        if self.decay_at is not None and self.schedule != "step":
            raise SemisupError(
                f"optimizer.decay_at has no effect with schedule={self.schedule}; it is of schedule=step."
            )
        if self.decay_factor is not None and self.schedule not in ("step", "exponential"):
            raise SemisupError(
                f"optimizer.decay_factor has no effect with schedule={self.schedule}; it is of step and exponential."
            )

    def optimizer(self, module: nn.Module) -> torch.optim.Optimizer:
        """A new optimizer.

        Args:
            module: A method, or a network. Its parameters that require a gradient are optimized.

        Returns:
            An optimizer with one parameter group with weight decay and one without; with `layer_decay`, for each layer
            of the method's `network`. Modules beside it have the rate of its head.
        """
        network = module if isinstance(module, Backbone) else getattr(module, "network", module)
        depths = layer_depths(network) if self.layer_decay != 1 else {}
        groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
        for depth in sorted({0, *depths.values()}):
            groups |= {(depth, True): [], (depth, False): []}
        for parameter in module.parameters():
            if parameter.requires_grad:
                groups[depths.get(id(parameter), 0), parameter.ndim >= 2].append(parameter)
        made: list[dict[str, Any]] = [
            {
                "params": group,
                "weight_decay": self.weight_decay if decays else 0.0,
                "lr": self.lr * self.layer_decay**depth,
            }
            for (depth, decays), group in groups.items()
            if group
        ]
        return self.make(made, lr=self.lr)

    def scheduler(self, optimizer: torch.optim.Optimizer, total: int) -> LambdaLR:
        """What sets the learning rate of each step.

        Args:
            optimizer: The optimizer.
            total: Steps of the training.

        Returns:
            A scheduler that counts steps.
        """
        if self.momentum is None:
            return LambdaLR(optimizer, lambda step: self.factor(step, total))
        return _MomentumSchedule(optimizer, lambda step: self.factor(step, total), total, self.momentum)

    def factor(self, step: int, total: int) -> float:
        """The learning rate of a step, as a share of the highest one.

        Args:
            step: The step, from 0.
            total: Steps of the training.

        Returns:
            From 0 to 1.
        """
        if step < self.warmup:
            return (step + 1) / self.warmup
        progress = min(1.0, (step - self.warmup) / max(1, total - self.warmup))
        at = (0.5, 0.75) if self.decay_at is None else tuple(self.decay_at)
        return learning_rate_factor(self.schedule, progress, at, self.decay_factor or 0.1)


@enforce_ranges
def sgd(
    lr: Positive = 0.03,
    weight_decay: NonNegative = 5e-4,
    momentum: Fraction = 0.9,
    nesterov: bool = True,
    momentum_start: Fraction | None = None,
    momentum_ramp: Probability = 0.5,
    schedule: Schedule = "cosine",
    warmup: NonNegativeInt = 0,
    layer_decay: Decay = 1.0,
    decay_at: Sequence[Fraction] | None = None,
    decay_factor: Decay | None = None,
) -> OptimizerConfig:
    """SGD with the literature's defaults; the schedule of FixMatch is cosine_7_16, which stops at .2.

    Args:
        lr: The highest learning rate.
        weight_decay: Of weights of two and more dimensions.
        momentum: The share of the last update that the next one keeps.
        nesterov: Whether the momentum is Nesterov's.
        momentum_start: The momentum at the start, from which it rises linearly to `momentum`. The gradient is damped by
            1 - momentum. null = constant, without damping.
        momentum_ramp: The share of the training over which it rises.
        schedule: How the learning rate changes after the warm-up: constant; cosine falls to 0; cosine_7_16 to .2;
            linear falls to 0; step falls at the shares `decay_at`; exponential falls evenly to `decay_factor`.
        warmup: Steps over which the learning rate rises to `lr`.
        layer_decay: Each layer has the rate of the layer above it times this.
        decay_at: With schedule=step: the shares of the training at which the rate falls; null = .5 and .75.
        decay_factor: With schedule=step or exponential: what the rate is multiplied by; null = .1.

    Returns:
        The configuration.

    Raises:
        SemisupError: If Nesterov's momentum is 0 or rises, or `momentum_start` is above `momentum`.
    """
    if nesterov and not momentum:
        raise SemisupError("optimizer.nesterov=true needs a momentum above 0; write optimizer.nesterov=false.")
    if momentum_start is None:
        rise = None
    elif nesterov:
        raise SemisupError("optimizer.momentum_start is not for Nesterov's momentum: write optimizer.nesterov=false.")
    elif momentum_start > momentum:
        raise SemisupError(f"optimizer.momentum_start={momentum_start} is above optimizer.momentum={momentum}.")
    else:
        rise = MomentumRamp(momentum_start, momentum, momentum_ramp)
    make = partial(torch.optim.SGD, momentum=momentum, nesterov=nesterov)
    return OptimizerConfig(make, lr, weight_decay, schedule, warmup, layer_decay, decay_at, decay_factor, rise)


@enforce_ranges
def adam(
    lr: Positive = 1e-3,
    weight_decay: NonNegative = 0.0,
    beta1: Fraction = 0.9,
    beta2: Fraction = 0.999,
    schedule: Schedule = "cosine",
    warmup: NonNegativeInt = 0,
    layer_decay: Decay = 1.0,
    decay_at: Sequence[Fraction] | None = None,
    decay_factor: Decay | None = None,
) -> OptimizerConfig:
    """Adam with decoupled weight decay (AdamW); without weight decay the two are the same.

    Args:
        lr: The highest learning rate.
        weight_decay: Of weights of two and more dimensions.
        beta1: Decay of the mean of the gradients.
        beta2: Decay of the mean of their squares.
        schedule: How the learning rate changes after the warm-up, as of sgd.
        warmup: Steps over which the learning rate rises to `lr`.
        layer_decay: Each layer has the rate of the layer above it times this.
        decay_at: With schedule=step: the shares of the training at which the rate falls; null = .5 and .75.
        decay_factor: With schedule=step or exponential: what the rate is multiplied by; null = .1.

    Returns:
        The configuration.
    """
    make = partial(torch.optim.AdamW, betas=(beta1, beta2))
    return OptimizerConfig(make, lr, weight_decay, schedule, warmup, layer_decay, decay_at, decay_factor)
