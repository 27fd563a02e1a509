"""The Lightning Trainer of a round: what conf/trainer sets of it."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from semisup.core.errors import SemisupError

EVALUATIONS = 20  # of a training, unless val_check_interval says otherwise
# Lightning's ways of refusing a device, a strategy or a precision.
REFUSALS = (ValueError, RuntimeError, ModuleNotFoundError, MisconfigurationException)


@dataclass(frozen=True)
class TrainerConfig:
    """How long to train and on what.

    max_steps: optimizer steps. val_check_interval: steps between evaluations; None = a twentieth of the training.
    save_every: steps between checkpoints to resume from; None = at each evaluation. patience: stop after so many
    evaluations without a better validation accuracy. log_every_n_steps: steps between points of the training curves.
    deterministic: 'warn' takes deterministic algorithms and warns of an operation that has none; true refuses it.
    accelerator, devices, num_nodes, strategy, precision, gradient_clip_val, sync_batchnorm: as Lightning's Trainer
    takes them.
    """

    max_steps: int = 2000
    val_check_interval: int | None = None
    save_every: int | None = None
    patience: int | None = None
    log_every_n_steps: int = 50
    accelerator: str = "auto"
    devices: int | str | list[int] = 1
    num_nodes: int = 1
    strategy: str = "auto"
    precision: Literal["32-true", "16-mixed", "bf16-mixed", "64-true"] = "32-true"
    gradient_clip_val: float | None = None
    sync_batchnorm: bool = False
    deterministic: bool | Literal["warn"] = "warn"

    def __post_init__(self) -> None:
        for name in ("max_steps", "val_check_interval", "save_every", "patience", "log_every_n_steps"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise SemisupError(f"trainer.{name} is at least 1; got {value}.")
        if self.gradient_clip_val is not None and self.gradient_clip_val <= 0:
            raise SemisupError(f"trainer.gradient_clip_val is above 0; got {self.gradient_clip_val}.")

    @property
    def every(self) -> int:
        """Steps between evaluations."""
        return min(self.val_check_interval or -(-self.max_steps // EVALUATIONS), self.max_steps)

    def trainer(self, callbacks: list[Callback], loggers: list[Logger], validates: bool) -> Trainer:
        """A fresh Trainer, for one fit. Its unit is the step: the whole training is one epoch."""
        # Filling memory that is about to be written costs time. Ruff dislikes setattr, but mypy knows no such name.
        setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)  # noqa: B010
        if self.patience and validates:
            stop = EarlyStopping("validation/accuracy", mode="max", patience=self.patience, check_finite=False)
            callbacks = [stop, *callbacks]
        return self._trainer(
            callbacks=callbacks,
            logger=loggers,
            max_steps=self.max_steps,
            max_epochs=-1,
            val_check_interval=self.every if validates else None,
            check_val_every_n_epoch=None if validates else 1,
            limit_val_batches=1.0 if validates else 0,
            num_sanity_val_steps=0,
            log_every_n_steps=min(self.log_every_n_steps, self.every),
            gradient_clip_val=self.gradient_clip_val,
        )

    def predictor(self) -> Trainer:
        """A Trainer for one pass over images, shared by all devices."""
        return self._trainer(logger=False)

    def tester(self) -> Trainer:
        """A Trainer for one pass over images, on one device."""
        return self._trainer(logger=False, one_device=True)

    def _trainer(self, one_device: bool = False, **options: Any) -> Trainer:
        try:
            return Trainer(
                accelerator=self.accelerator,
                devices=1 if one_device else self.devices,
                num_nodes=1 if one_device else self.num_nodes,
                strategy="auto" if one_device else self.strategy,
                precision=self.precision,
                sync_batchnorm=self.sync_batchnorm,
                deterministic=self.deterministic,
                use_distributed_sampler=False,  # the streams share themselves out
                enable_checkpointing=False,  # ours are callbacks.Checkpoints
                enable_progress_bar=False,
                enable_model_summary=False,
                **options,
            )
        except REFUSALS as error:
            raise SemisupError(f"the trainer cannot be set up: {' '.join(str(error).split())}") from error
