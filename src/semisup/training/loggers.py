"""Where curves go besides metrics.csv: what conf/logger chooses from."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger
from numpy.typing import NDArray

from semisup.core.errors import SemisupError


def csv_only(folder: Path, round_number: int) -> list[Logger]:
    """Nothing more."""
    return []


def tensorboard(folder: Path, round_number: int) -> list[Logger]:
    """TensorBoard's event files, in the run's folder; each round is a run of its own, to be seen over the others."""
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
    """Weights & Biases. A resumed run goes on under its old name; without a network, take offline=true.

    Each later round is a run of its own there, named after the first.
    """
    import wandb as client

    if client.run is not None:
        client.finish()  # the sweep's job before this one, which would get this one's curves
    for place in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR"):  # its drafts and logs; by default in the home directory
        os.environ.setdefault(place, str(folder / "wandb"))
    options: dict[str, Any] = {"entity": entity, "group": group, "settings": client.Settings(silent=True)}
    if not offline:
        options["resume"] = "allow"
    name = f"{folder.name}-round{round_number}" if round_number else folder.name
    logger = WandbLogger(name, folder, offline=offline, id=name, project=project, **options)
    logger._wandb_init.pop("anonymous", None)  # Lightning still passes it, and W&B warns that it means nothing
    try:
        _ = logger.experiment  # begins here, where a refusal is a sentence
    except client.errors.Error as error:
        raise SemisupError(f"Weights & Biases refuses: {error} Without it: logger.offline=true.") from error
    return [logger]


def log_confusion(
    loggers: list[Logger], predicted: NDArray[np.int64], label: NDArray[np.int64], classes: tuple[str, ...]
) -> None:
    """Sends the test set's confusion matrix to those loggers that can show one."""
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            from wandb.plot import confusion_matrix

            chart = confusion_matrix(y_true=label.tolist(), preds=predicted.tolist(), class_names=list(classes))
            logger.experiment.log({"test/confusion_matrix": chart})
