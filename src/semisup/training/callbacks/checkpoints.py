"""Checkpoints: the best by validation, and the last to resume from; each written whole or not at all."""

import os
import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer

from semisup.core.errors import SemisupError
from semisup.training.metrics_csv import MetricsCSV


class Checkpoints(Callback):
    """Writes `best.ckpt` (highest validation accuracy, the later of equals) and `last.ckpt` into a folder.

    every: steps between evaluations, at which both are written; save_every: steps between further `last.ckpt`.
    One callback of ours, not two of Lightning's ModelCheckpoint, because resuming bit for bit needs three things of it:
    a file takes its name only when it is complete; at a step with a validation, `last` is written after it, with its
    outcome; and whether the training is over is on record, early stopping included.
    """

    def __init__(self, folder: Path, every: int, save_every: int | None = None) -> None:
        self.folder, self.every, self.save_every = folder, every, save_every or every
        self.best_score, self.best_step = -1.0, 0
        self.step, self.seconds, self.finished = 0, 0.0, False
        self._since = time.monotonic()

    @property
    def best(self) -> Path:
        """The checkpoint to evaluate: the best by validation, or the last one where there are no validation images."""
        return self.folder / ("best.ckpt" if self.best_step else "last.ckpt")

    @property
    def last(self) -> Path:
        return self.folder / "last.ckpt"

    def validation_due(self, trainer: Trainer) -> bool:
        """Whether a validation follows the step that has just ended."""
        return trainer.enable_validation and self._evaluates(trainer)

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        step = trainer.global_step
        if step == trainer.max_steps:
            trainer.should_stop = True  # makes Lightning validate after the last step, whatever the interval
        if self.validation_due(trainer):
            return
        self.finished = step == trainer.max_steps
        if self.finished or step % self.save_every == 0 or self._evaluates(trainer):
            self.save_last(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        if trainer.state.fn != "fit":
            return
        self.finished = trainer.should_stop
        score = float(trainer.callback_metrics["validation/accuracy"])
        if score >= self.best_score:
            self.best_score, self.best_step = score, trainer.global_step
            self._save(trainer, self.folder / "best.ckpt")
        self.save_last(trainer)

    def save_last(self, trainer: Trainer) -> None:
        self._save(trainer, self.last)
        for logger in trainer.loggers:
            if isinstance(logger, MetricsCSV):
                logger.write()

    def state_dict(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in ("best_score", "best_step", "step", "seconds", "finished")}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for key, value in state.items():
            setattr(self, key, value)

    def restore(self, *others: Callback) -> int:
        """Takes up the state of `last.ckpt`, if there is one, also in the other callbacks; returns its step."""
        if self.last.exists():
            states = load(self.last)["callbacks"]
            for callback in (self, *others):
                callback.load_state_dict(states[callback.state_key])
        return self.step

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
        self._since = time.monotonic()

    def _evaluates(self, trainer: Trainer) -> bool:
        return trainer.global_step % self.every == 0 or trainer.global_step == trainer.max_steps

    def _save(self, trainer: Trainer, path: Path) -> None:
        now = time.monotonic()
        self.seconds, self._since = self.seconds + now - self._since, now
        self.step = trainer.global_step
        draft = path.with_suffix(".draft")
        trainer.save_checkpoint(draft)
        if trainer.is_global_zero:
            os.replace(draft, path)
        trainer.strategy.barrier()


def load(path: Path) -> dict[str, Any]:
    """A checkpoint's content, on the CPU. Executes no code from it. Raises SemisupError if it cannot be read."""
    try:
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a file that is no checkpoint; all mean the same here
        raise SemisupError(
            f"{path} is not a readable checkpoint ({type(error).__name__}); start anew with overwrite=true."
        ) from error
    return checkpoint
