"""The Lightning Trainer of a round: what conf/trainer sets of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.loggers import Logger
from lightning.pytorch.plugins.io import TorchCheckpointIO
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from semisup.core.atomic_files import atomic_write
from semisup.core.checksums import seal
from semisup.core.errors import SemisupError
from semisup.core.ranges import NonNegativeInt, Positive, PositiveInt, enforce_ranges

EVALUATIONS = 20  # of a training, unless val_check_interval says otherwise
# Lightning's ways of refusing a device, a strategy or a precision.
REFUSALS = (ValueError, RuntimeError, TypeError, ModuleNotFoundError, MisconfigurationException)


@enforce_ranges
@dataclass(frozen=True)
class TrainerConfig:
    """How long to train and on what.

    Args:
        max_steps: Optimizer steps.
        val_check_interval: Steps between evaluations; None = a twentieth of the training.
        save_every: Steps between checkpoints to resume from; None = at each evaluation.
        patience: Stop after so many evaluations without a better validation accuracy.
        log_every_n_steps: Steps between points of the training curves.
        accelerator: cpu, gpu, mps, or auto, as of Lightning's Trainer.
        devices: How many, or which; -1 = all; auto.
        num_nodes: Machines that train together.
        strategy: How devices train together, such as ddp.
        precision: Of the computation.
        gradient_clip_val: The largest norm of a gradient; None = no limit.
        micro_batches: Parts of a batch that go through the network one after the other, which takes less memory. Their
            gradients are averaged, and the optimizer takes one step.
        sync_batchnorm: Whether batch norm's statistics are those of all devices.
        deterministic: 'warn' takes deterministic algorithms and warns of an operation that has none; true refuses it.
    """

    max_steps: PositiveInt = 2000
    val_check_interval: PositiveInt | None = None
    save_every: PositiveInt | None = None
    patience: PositiveInt | None = None
    log_every_n_steps: PositiveInt = 50
    accelerator: str = "auto"
    devices: PositiveInt | Literal[-1] | str | Sequence[NonNegativeInt] = 1
    num_nodes: PositiveInt = 1
    strategy: str = "auto"
    precision: Literal["32-true", "16-mixed", "bf16-mixed", "64-true"] = "32-true"
    gradient_clip_val: Positive | None = None
    micro_batches: PositiveInt = 1
    sync_batchnorm: bool = False
    deterministic: bool | Literal["warn"] = "warn"

    @property
    def evaluation_interval(self) -> int:
        """Steps between evaluations."""
        return min(self.val_check_interval or -(-self.max_steps // EVALUATIONS), self.max_steps)

    def trainer(self, callbacks: list[Callback], loggers: list[Logger], validates: bool, clips: bool = True) -> Trainer:
        """A new Trainer for one fit. Its unit is the step: all of the training is one epoch.

        Args:
            callbacks: In the order in which they are called.
            loggers: Where the curves go.
            validates: Whether there are validation images.
            clips: Whether Lightning clips gradients; it does not for a method that steps its optimizers itself.

        Returns:
            The Trainer.
        """
        # Filling memory that is about to be written costs time. Ruff dislikes setattr, but mypy knows no such name.
        setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)  # noqa: B010
        if self.patience and validates:
            stop = EarlyStopping("validation/accuracy", mode="max", patience=self.patience, check_finite=False)
            callbacks = [stop, *callbacks]
        return self._trainer(
            callbacks=callbacks,
            logger=loggers,
            plugins=[AtomicCheckpointIO()],
            max_steps=self.max_steps,
            max_epochs=-1,
            val_check_interval=self.evaluation_interval if validates else None,
            check_val_every_n_epoch=None if validates else 1,
            limit_val_batches=1.0 if validates else 0,
            num_sanity_val_steps=0,
            log_every_n_steps=min(self.log_every_n_steps, self.evaluation_interval),
            gradient_clip_val=self.gradient_clip_val if clips else None,
        )

    def predictor(self) -> Trainer:
        """A Trainer for one pass over images, shared by all devices."""
        return self._trainer(logger=False)

    def tester(self) -> Trainer:
        """A Trainer for one pass over images, on one device."""
        return self._trainer(logger=False, one_device=True)

    def _trainer(self, one_device: bool = False, **options: Any) -> Trainer:
        try:
            trainer = Trainer(
                accelerator=self.accelerator,
                devices=1 if one_device else self.devices,  # type: ignore[arg-type]  # a list, as the schema has it
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
        if self.precision == "16-mixed" and trainer.strategy.root_device.type == "cpu":  # Lightning takes bfloat16 then
            raise SemisupError("trainer.precision=16-mixed is for accelerators: on a CPU, write bf16-mixed or 32-true.")
        return trainer


class AtomicCheckpointIO(TorchCheckpointIO):
    """Adds a checksum, and writes beside the target: Lightning's writes to the folder for temporary files first."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Writes a checkpoint, or leaves the one before.

        Args:
            checkpoint: What it holds.
            path: The file.
            storage_options: Lightning passes them, and a file has none.

        Raises:
            SemisupError: If it cannot be written, as on a full disk.
        """
        with atomic_write(Path(path)) as temporary:
            with temporary.open("wb") as out:
                try:
                    torch.save(checkpoint, out)
                except RuntimeError as error:  # torch may put one of its own in the place of the system's
                    if isinstance(error.__context__, OSError):
                        raise error.__context__ from None
                    raise
            seal(temporary)
