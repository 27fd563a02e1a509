"""Choosing the learning rate or the batch size before the training, by Lightning's tuner."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.tuner import Tuner

from semisup.core.atomic_files import atomic_write_text
from semisup.core.errors import SemisupError
from semisup.data import SSLDataModule
from semisup.methods import Method
from semisup.training.trainer import AtomicCheckpointIO, TrainerConfig

_SCRATCH = ".tuning.tmp-"  # what Lightning saves while it tries, beside the run's files and on their disk
_CHOICES: dict[str, Callable[[Any], Any]] = {"lr": float, "batch_size": int}
LARGEST_ON_CPU = 512  # labeled images a step: a CPU gives no sign of being out of memory before it is too late


def tune(
    what: str, folder: Path, training: TrainerConfig, make: Callable[[], tuple[Method, SSLDataModule]]
) -> dict[str, Any]:
    """Chooses an option by trying, and keeps the choice in tuned.json for a resumed run.

    'lr': the steepest descent of the loss over 200 steps with rates from 1e-5 to 1 (Smith, 2017). Lightning starts at
    1e-8, where the noise of small batches is the only descent. 'batch_size': doubled from 16 until memory is short, all
    labeled images are in a batch, or, on a CPU, 512.

    Args:
        what: lr or batch_size.
        folder: The run's.
        training: Its device and precision are tried.
        make: Makes a method and a data module, seeded as those of the training. They are trained and not used again.

    Returns:
        {'lr': x} or {'batch_size': n}.

    Raises:
        SemisupError: If the loss falls at no learning rate, or the method has several of them.
    """
    file = folder / "tuned.json"
    if file.exists():
        try:
            saved: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return {what: _CHOICES[what](saved[what])}
        except (ValueError, KeyError, TypeError) as error:
            raise SemisupError(f"{file} is damaged ({error}): delete it, and the same command tunes again.") from error
    method, data = make()
    find = _learning_rate if what == "lr" else _batch_size
    found = {what: find(method, data, training, folder)}
    atomic_write_text(file, json.dumps(found))
    return found


def _learning_rate(method: Method, data: SSLDataModule, training: TrainerConfig, folder: Path) -> float:
    if not method.automatic_optimization:
        raise SemisupError(
            f"tune=lr is for one optimizer, and {type(method).__name__} has several; choose optimizer.lr."
        )
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=folder) as scratch:
        finder = Tuner(_trainer(scratch, training)).lr_find(
            method, datamodule=data, min_lr=1e-5, num_training=200, update_attr=False
        )
    rate = finder.suggestion() if finder else None
    if rate is None:
        raise SemisupError("tune=lr found no learning rate at which the loss falls; choose optimizer.lr by hand.")
    return float(rate)


def _batch_size(method: Method, data: SSLDataModule, training: TrainerConfig, folder: Path) -> int:
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=folder) as scratch:
        trainer = _trainer(scratch, training)
        largest = len(data.split.labeled)
        if trainer.strategy.root_device.type == "cpu":
            largest = min(largest, LARGEST_ON_CPU)
        if largest <= 16:
            return largest
        found = Tuner(trainer).scale_batch_size(
            method, datamodule=data, mode="power", init_val=16, steps_per_trial=2, max_val=largest
        )
    return min(int(found or 16), largest)  # the last doubling may exceed it


def _trainer(folder: str, training: TrainerConfig) -> Trainer:
    return Trainer(
        default_root_dir=folder,
        plugins=[AtomicCheckpointIO()],
        accelerator=training.accelerator,
        precision=training.precision,
        devices=1,
        max_steps=100,
        limit_val_batches=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
