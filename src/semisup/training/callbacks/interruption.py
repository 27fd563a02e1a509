"""Ctrl-C and SIGTERM: finish the step, save, and say how to go on."""

import signal
from types import FrameType
from typing import Any

from lightning.pytorch import Callback, Trainer

from semisup.core.errors import SemisupError
from semisup.training.callbacks.checkpoints import Checkpoints

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(SemisupError):
    """A training was asked to stop, and has saved itself."""

    def __init__(self, step: int, number: int) -> None:
        super().__init__(step, number)  # as they came, so that a launcher can pickle it
        self.step, self.exit_status = step, 128 + number

    def __str__(self) -> str:
        return f"stopped at step {self.step:,} and saved; the same command goes on from there."


class SaveWhenAsked(Callback):
    """Saves at the end of the step in which a signal came, so that what is saved is never half a step.

    A second Ctrl-C stops at once. With several processes they agree every 10 steps whether one was asked to stop.
    """

    def __init__(self, checkpoints: Checkpoints) -> None:
        self.checkpoints = checkpoints
        self.asked = 0
        self._before: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
        try:
            self._before = {number: signal.signal(number, self._ask) for number in SIGNALS}
        except ValueError:  # not in the main thread (a notebook server, a launcher): the signals are not ours to take
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
            raise Interrupted(trainer.global_step, self.asked)  # Checkpoints, which comes first, has saved

    def on_train_end(self, trainer: Trainer, pl_module: Any) -> None:
        self._give_back()

    def on_exception(self, trainer: Trainer, pl_module: Any, exception: BaseException) -> None:
        self._give_back()

    def _give_back(self) -> None:
        """Comes before Lightning gives back what it took: else its handlers would stay, and SIGTERM do nothing."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = number
