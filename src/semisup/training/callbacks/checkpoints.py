"""Checkpoints: the best by validation, and the last to resume from."""

import os
import time
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch
from lightning.pytorch import Callback, Trainer

from semisup.core.checksums import check_seal
from semisup.core.errors import SemisupError
from semisup.training.metrics_csv import MetricsCSV

_ZIP_END, _ZIP_END_LENGTH = b"PK\5\6", 22  # the last record of a checkpoint
_FIGURES = ("best_score", "best_step", "step", "seconds", "finished")


class Checkpoints(Callback):
    """Writes `best.ckpt` (highest validation accuracy; of equal ones, the last) and `last.ckpt` into a folder.

    Lightning's ModelCheckpoint does not resume bit for bit. At a step with a validation, `last` must be written after
    it, with its outcome; and it must say whether the training is over, as after early stopping.

    Args:
        folder: The round's.
        every: Steps between evaluations, at which both files are written.
        save_every: Steps between further `last.ckpt`; None for none.

    Attributes:
        best_score: The highest validation accuracy; -1 before the first.
        best_step: The step that it was reached at; 0 before the first.
        step: The step of the newest checkpoint.
        seconds: Spent training until then, in all sessions.
        finished: Whether the training was over by then.
        rows: Of metrics.csv until then, by step. A resumed run takes them from the checkpoint, never from the file.
    """

    def __init__(self, folder: Path, every: int, save_every: int | None = None) -> None:
        self.folder, self.every, self.save_every = folder, every, save_every or every
        self.best_score, self.best_step = -1.0, 0
        self.step, self.seconds, self.finished = 0, 0.0, False
        self.rows: dict[int, dict[str, float]] = {}  # which the MetricsCSV of the round fills
        self._since = time.monotonic()

    @property
    def last(self) -> Path:
        """The checkpoint to resume from."""
        return self.folder / "last.ckpt"

    def validation_due(self, trainer: Trainer) -> bool:
        """Whether a validation follows the step that has just ended.

        Args:
            trainer: Within on_train_batch_end.

        Returns:
            Whether that is so.
        """
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
        """Writes the curves, then `last.ckpt`, which holds them, too.

        Args:
            trainer: Between two steps.
        """
        for logger in trainer.loggers:
            if isinstance(logger, MetricsCSV):
                logger.write()
        self._save(trainer, self.last)

    def state_dict(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in (*_FIGURES, "rows")}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for key in _FIGURES:
            setattr(self, key, state[key])
        self.rows.clear()  # in place, as the MetricsCSV has the same dictionary
        self.rows.update(state.get("rows", {}))

    def restore(self, *others: Callback) -> int:
        """Loads the state of this callback from `last.ckpt`, if there is one.

        Args:
            others: Callbacks whose state is loaded, too.

        Returns:
            The step of the checkpoint; 0 if there is none.

        Raises:
            SemisupError: If it cannot be read, or the best checkpoint that it knows of is not there.
        """
        if self.last.exists():
            checkpoint = load_checkpoint(self.last)
            check_best(self.folder, checkpoint)
            states = checkpoint["callbacks"]
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
        trainer.save_checkpoint(path)


def check_best(folder: Path, last: dict[str, Any]) -> None:
    """Refuses a round without the checkpoint that validation has chosen: the last one is another network.

    Args:
        folder: The round's.
        last: What its `last.ckpt` holds.

    Raises:
        SemisupError: If `best.ckpt` was written and is not there.
    """
    step, best = last["callbacks"]["Checkpoints"]["best_step"], folder / "best.ckpt"
    if step and not best.is_file():
        raise SemisupError(
            f"{best} is not there, which validation has chosen at step {step:,}: restore it, or delete {folder} and "
            "what was trained after it, which the same command then trains again."
        )


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Reads a checkpoint, on the CPU. No code in it is executed.

    Args:
        path: Its file.

    Returns:
        What it holds.

    Raises:
        SemisupError: If it cannot be read, or is not as it was written.
    """
    remedy = "train again with overwrite=true"
    try:
        if not check_seal(path, remedy):
            _check_unsealed(path)
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except SemisupError:
        raise
    except Exception as error:  # torch raises many kinds for a file that is no checkpoint; all mean the same here
        raise SemisupError(f"{path} is not a readable checkpoint ({type(error).__name__}); {remedy}.") from error
    return checkpoint


def _check_unsealed(path: Path) -> None:
    """Checks the CRCs inside a checkpoint of an older version, which torch.load ignores."""
    with path.open("rb") as file, ZipFile(file) as entries:
        file.seek(-_ZIP_END_LENGTH, os.SEEK_END)
        if file.read(len(_ZIP_END)) != _ZIP_END or entries.testzip():
            raise BadZipFile
