"""Where curves go besides metrics.csv: what conf/logger chooses from."""

import hashlib
import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.training.guarded_logger import GuardedLogger

_LONGEST_NAME = 128  # that Weights & Biases shows


def csv_only(folder: Path, round_number: int) -> list[Logger]:
    """No logger besides metrics.csv.

    Args:
        folder: The run's.
        round_number: Of the round that is trained.

    Returns:
        An empty list.
    """
    return []


def tensorboard(folder: Path, round_number: int) -> list[Logger]:
    """TensorBoard's event files in the run's folder. Each round is a run of its own, so that rounds can be compared.

    Args:
        folder: The run's.
        round_number: Of the round that is trained.

    Returns:
        The logger.

    Raises:
        SemisupError: If TensorBoard is not installed.
    """
    version = f"round{round_number}" if round_number else ""
    try:
        return [TensorBoardLogger(folder, name="tensorboard", version=version, default_hp_metric=False)]
    except ModuleNotFoundError as error:
        raise SemisupError("logger=tensorboard needs its package: pip install 'semisup[tensorboard]'.") from error


def wandb(
    folder: Path,
    round_number: int,
    project: str = "semisup",
    entity: str | None = None,
    group: str | None = None,
    offline: bool = False,
) -> list[Logger]:
    """Weights & Biases. A resumed run continues under its name. Each later round is a run of its own.

    Args:
        folder: The run's; its name is the run's name there.
        round_number: Of the round that is trained.
        project: The project.
        entity: The user or team; None = your own.
        group: The group of the run.
        offline: Whether to write files only, without a network and an account.

    Returns:
        The logger.

    Raises:
        SemisupError: If Weights & Biases refuses.
    """
    import wandb as client

    if client.run is not None:
        client.finish()  # the job before this one in a sweep, which would get the curves of this one
    for place in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR"):  # for temporary files; by default in the home directory
        os.environ.setdefault(place, str(folder / "wandb"))
    options: dict[str, Any] = {"entity": entity, "group": group, "settings": client.Settings(silent=True)}
    if not offline:
        options["resume"] = "allow"
    name = f"{folder.name}-round{round_number}" if round_number else folder.name
    logger = WandbLogger(name[:_LONGEST_NAME], folder, offline=offline, id=wandb_id(name), project=project, **options)
    logger._wandb_init.pop("anonymous", None)  # Lightning still passes it, and W&B warns that it has no effect
    try:
        _ = logger.experiment  # starts the run, so that a refusal is one sentence
    except client.errors.Error as error:
        raise SemisupError(f"Weights & Biases refuses: {error} Without it: logger.offline=true.") from error
    return [logger]


def log_confusion(
    loggers: list[Logger], predicted: NDArray[np.int64], label: NDArray[np.int64], classes: tuple[str, ...]
) -> None:
    """Sends the test set's confusion matrix to the loggers that can show one.

    Args:
        loggers: Of any kind.
        predicted: Classes, (N,).
        label: Classes, (N,).
        classes: Their names.
    """
    for logger in loggers:
        if isinstance(logger, GuardedLogger) and isinstance(logger.logger, WandbLogger):
            logger.attempt(partial(_log_confusion, logger.logger, predicted, label, classes))


def wandb_id(name: str) -> str:
    """The id of a run at Weights & Biases, which refuses long ones and most punctuation.

    Args:
        name: The run's.

    Returns:
        The name if it has at most 64 letters, digits, hyphens, underscores and dots; otherwise the beginning of it with
        hyphens, and a hash of all of it.
    """
    if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
        return name
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:12]
    return f"{re.sub('[^A-Za-z0-9_.-]+', '-', name)[:50]}-{digest}"


def _log_confusion(
    logger: WandbLogger, predicted: NDArray[np.int64], label: NDArray[np.int64], classes: tuple[str, ...]
) -> None:
    from wandb.plot import confusion_matrix

    chart = confusion_matrix(y_true=label.tolist(), preds=predicted.tolist(), class_names=list(classes))
    logger.experiment.log({"test/confusion_matrix": chart})
