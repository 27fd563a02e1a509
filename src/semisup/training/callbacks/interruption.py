"""Ctrl-C and SIGTERM: finish the step, save, and say how to continue."""

import signal
from types import FrameType
from typing import Any

from lightning.pytorch import Callback, Trainer

from semisup.core.errors import SemisupError
from semisup.core.signals import SIGNALS, Signalled
from semisup.training.callbacks.checkpoints import Checkpoints


class Interrupted(SemisupError):
    """A training was stopped by a signal, and is saved.

    Args:
        step: The step of the checkpoint.
        number: The signal.
    """

    def __init__(self, step: int, number: int) -> None:
        super().__init__(step, number)  # the arguments, so that a launcher can pickle it
        self.step, self.exit_status = step, 128 + number

    def __str__(self) -> str:
        return f"stopped at step {self.step:,} and saved; the same command continues from there."


class SaveWhenAsked(Callback):
    """Saves and stops at the end of the step in which a signal came.

    A second Ctrl-C stops at once. Several processes agree every 10 steps whether one of them was asked to stop.

    Args:
        checkpoints: Saves.
    """

    def __init__(self, checkpoints: Checkpoints) -> None:
        self.checkpoints = checkpoints
        self.asked = 0
        self._before: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
        try:
            self._before = {number: signal.signal(number, self._ask) for number in SIGNALS}
        except ValueError:  # not in the main thread, as in a notebook server or a launcher: handlers cannot be set
            self._before = {}

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if trainer.world_size > 1:
            if trainer.global_step % 10:
                return
            if trainer.strategy.reduce_boolean_decision(bool(self.asked), all=False):
                self.asked = self.asked or signal.SIGTERM
        if self.asked and not self.checkpoints.validation_due(trainer):
            self.checkpoints.save_last(trainer)
            raise Interrupted(trainer.global_step, self.asked)

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        if self.asked and trainer.world_size == 1 and trainer.state.fn == "fit":
            raise Interrupted(trainer.global_step, self.asked)  # Checkpoints, which is called first, has saved

    def on_train_end(self, trainer: Trainer, pl_module: Any) -> None:
        self._restore_handlers()

    def on_exception(self, trainer: Trainer, pl_module: Any, exception: BaseException) -> None:
        self._restore_handlers()

    def _restore_handlers(self) -> None:
        """Called before Lightning restores the handlers that it replaced; otherwise its own would stay."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise Signalled(number)
        self.asked = number
