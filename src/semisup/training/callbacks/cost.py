"""Says at the start of a training what it will cost, when it can still be changed."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, Trainer
from rich.console import Console

from semisup.config import Config
from semisup.core.memory import GIGABYTE, memory_limit, peak_memory
from semisup.core.terminal import warn
from semisup.core.text import duration
from semisup.data import SSLDataModule
from semisup.methods import Method
from semisup.training.cost import (
    BACKWARD,
    IMAGES,
    activation_bytes,
    expected_seconds,
    images_per_step,
    usual_seconds,
    ways_to_save,
    weights_bytes,
)

BLOCK = 5  # steps that are timed in one on an accelerator, which is waited for at the end of each block
LONG, SHORT = 3600.0, 0.8  # seconds of a run, and share of the memory, from which there is a warning


class Cost(Callback):
    """Estimates the memory of a step before the first one; times a few of the first steps; says both once.

    The first step of a session is not timed, nor is the first one after an evaluation. Nothing is drawn, and no step
    is added: the training stays the same.

    Args:
        console: Where to.
        config: The round's, completed.
        method: The round's.
        data: The round's, with pseudo-labels, if it learns from some.
        later_steps: Of later rounds, at most.
        brief: Whether only warnings are printed.
        clock: Gives the time in seconds.
        limit: The memory there is, in bytes; None asks the device or the system.
    """

    def __init__(
        self,
        console: Console,
        config: Config,
        method: Method,
        data: SSLDataModule,
        later_steps: int = 0,
        brief: bool = False,
        clock: Callable[[], float] = time.monotonic,
        limit: int | None = None,
    ) -> None:
        self.console, self.config, self.method, self.data = console, config, method, data
        self.later_steps, self.brief, self.clock, self.limit = later_steps, brief, clock, limit
        self.timed_from: tuple[float, int] | None = None  # time and step
        self.times: list[float] = []  # seconds of steps
        self.images = 0  # that go through the network in a step
        self.said, self.warned = False, False

    def on_fit_start(self, trainer: Trainer, pl_module: Any) -> None:
        if not trainer.is_global_zero:
            return
        self.images = images_per_step(self.method, self.data)
        plain = self.data.views.apply("plain", torch.from_numpy(np.array(self.data.store.images[:IMAGES])), {})
        try:
            with trainer.precision_plugin.forward_context():
                each = activation_bytes(self.method.network, plain.to(pl_module.device))
        except RuntimeError:  # as torch.func refuses to be watched; a fault of the network shows in the first step
            return
        at_once = each * self.images / trainer.world_size / self.method.micro_batches
        used, limit = self._memory(trainer)
        if used is not None and limit:
            needed = used + (BACKWARD * at_once + weights_bytes(self.method)) * _processes(trainer)
            if needed > SHORT * limit:
                self._warn_of_memory(trainer, f"a step needs about {needed / GIGABYTE:.1f}", limit)

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.said or not trainer.is_global_zero:
            return
        device, step = trainer.strategy.root_device, trainer.global_step
        block = 1 if device.type == "cpu" else BLOCK
        if self.timed_from is not None and step - self.timed_from[1] < block:
            return
        if device.type != "cpu":
            getattr(torch, device.type).synchronize()
        now = self.clock()
        if self.timed_from is not None:
            self.times.append((now - self.timed_from[0]) / block)
        self.timed_from = now, step
        if (each := usual_seconds(self.times)) is not None:
            self.said = True
            self._say(trainer, each)

    def on_validation_start(self, trainer: Trainer, pl_module: Any) -> None:
        self.timed_from = None  # an evaluation is no part of a step

    def _say(self, trainer: Trainer, each: float) -> None:
        device, step, steps = trainer.strategy.root_device, trainer.global_step, trainer.max_steps
        every = int(trainer.val_check_interval) if trainer.enable_validation else steps
        evaluated = (-(-steps // every) - step // every) * len(self.data.split.validation)
        left, later = expected_seconds(each, steps - step, evaluated, self.images), self.later_steps * each
        line = f"expected: {duration(left)} for {steps - step:,} more steps ({_short(each)} each) and evaluations"
        if later:
            line += f"; then at most {duration(later)} for later rounds, if their steps are alike"
        used, limit = self._memory(trainer)
        if used is not None and limit:
            line += f"; memory so far {used / GIGABYTE:.1f} of {limit / GIGABYTE:.1f} GB"
        if not self.brief:
            self.console.print(f"{line}.", soft_wrap=True)
        if left + later > LONG:
            ways = ways_to_save(self.config, self.method, self.data, False, device.type != "cpu")
            warn(self.console, f"this training takes {duration(left + later)}. To shorten it, {ways}.")
        if used is not None and limit and used > SHORT * limit:
            self._warn_of_memory(trainer, f"the training has taken {used / GIGABYTE:.1f}", limit)

    def _memory(self, trainer: Trainer) -> tuple[int | None, int | None]:
        """The most that was taken, and what there is: of the device if it is one of CUDA, else of the machine."""
        device = trainer.strategy.root_device
        if device.type == "cuda":
            return torch.cuda.max_memory_allocated(device), self.limit or torch.cuda.mem_get_info(device)[1]
        peak = peak_memory()
        return None if peak is None else peak * _processes(trainer), self.limit or memory_limit()

    def _warn_of_memory(self, trainer: Trainer, what: str, limit: int) -> None:
        if not self.warned:
            self.warned = True
            accelerated = trainer.strategy.root_device.type != "cpu"
            ways = ways_to_save(self.config, self.method, self.data, True, accelerated)
            warn(self.console, f"{what} of {limit / GIGABYTE:.1f} GB of memory. To take less, {ways}.")


def _processes(trainer: Trainer) -> int:
    """That share the memory of a machine."""
    return trainer.num_devices if trainer.strategy.root_device.type == "cpu" else 1


def _short(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"
