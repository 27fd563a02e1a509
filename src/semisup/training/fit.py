"""One round: a new network, its training, and its evaluation."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback
from lightning.pytorch.loggers import Logger
from rich.console import Console

from semisup.config import Config
from semisup.config.nodes import build, build_network
from semisup.config.rounds import later_steps
from semisup.core.atomic_files import atomic_write
from semisup.core.errors import SemisupError
from semisup.core.schema import locate, parameters
from semisup.core.seeds import seed_for
from semisup.data import SSLDataModule, Store
from semisup.methods import Method
from semisup.metrics.calibration import fit_temperature
from semisup.metrics.classification import summary
from semisup.metrics.open_set import open_set_scores
from semisup.training.audit import Audit
from semisup.training.callbacks import Checkpoints, Cost, NaNGuard, ProgressBar, SaveWhenAsked, StepSeed
from semisup.training.callbacks.checkpoints import check_best, load_checkpoint
from semisup.training.guarded_logger import GuardedLogger
from semisup.training.loggers import log_confusion
from semisup.training.metrics_csv import MetricsCSV
from semisup.training.trainer import TrainerConfig

# What gloo and NCCL say when a process that trains with this one is no longer there.
_LOST = re.compile(r"by peer|Broken pipe|Connection (?:refused|timed out)|remote process|NCCL", re.IGNORECASE)


def make_method(config: Config, store: Store) -> Method:
    """The method with a new network, whose weights are a function of the seed.

    A method that keeps something per class or per image has an argument `classes` or `images`: how many there are.

    Args:
        config: The round's, completed.
        store: The data set.

    Returns:
        The method, on the CPU.
    """
    torch.manual_seed(seed_for(config["seed"], "weights"))
    available = {
        "network": build_network(config, store),
        "optimizer": build(config["optimizer"]),
        "classes": len(store.classes),
        "images": len(store.images),
    }
    wanted = parameters(locate(config["method"]["_target_"]))
    method: Method = build(config["method"], **{name: value for name, value in available.items() if name in wanted})
    return method


def make_loggers(config: Config, folder: Path, console: Console) -> list[Logger]:
    """The loggers of a config besides metrics.csv.

    Args:
        config: Completed.
        folder: The round's, such as RUN/round0.
        console: For the warning about one that fails.

    Returns:
        The loggers.

    Raises:
        SemisupError: If one cannot be started.
    """
    loggers: list[Logger] = build(config["logger"], folder=folder.parent, round_number=_number(folder))
    return [GuardedLogger(logger, console) for logger in loggers]


def fit(
    method: Method,
    data: SSLDataModule,
    folder: Path,
    audit: Audit,
    config: Config,
    console: Console,
    brief: bool = False,
) -> tuple[Checkpoints, list[Logger]]:
    """Trains a round, or continues its training. One that is finished is not trained again.

    Args:
        method: As from `make_method`.
        data: With pseudo-labels, if the round learns from some.
        folder: The round's, for checkpoints and curves.
        audit: Measures the pseudo-labels.
        config: The round's, completed.
        console: For the progress.
        brief: Whether the expected time is printed only if it is long.

    Returns:
        The checkpoints, and the loggers of the curves.

    Raises:
        SemisupError: If a checkpoint cannot be read or written, the loss is no finite number, or another process of the
            training has ended.
    """
    folder.mkdir(parents=True, exist_ok=True)
    training: TrainerConfig = build(config["trainer"])
    checkpoints = Checkpoints(folder, training.evaluation_interval, training.save_every)
    callbacks: list[Callback] = [StepSeed(config["seed"]), NaNGuard(training.log_every_n_steps), audit]
    watchers: list[Callback] = [ProgressBar(console), checkpoints, SaveWhenAsked(checkpoints)]
    watchers.append(Cost(console, config, method, data, later_steps(config, _number(folder)), brief))
    step = checkpoints.restore(audit)
    loggers = [MetricsCSV(folder / "metrics.csv", checkpoints.rows), *make_loggers(config, folder, console)]
    if not checkpoints.finished:
        _set_up_steps(method, training)
        validates, clips = len(data.split.validation) > 0, method.automatic_optimization
        trainer = training.trainer([*callbacks, *watchers], loggers, validates, clips)
        try:
            trainer.fit(method, datamodule=data, ckpt_path=checkpoints.last if step else None, weights_only=True)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):  # torch, of batch norm
                raise
            raise SemisupError(
                f"{type(method.network).__name__} has batch norm, which needs more than one image: raise batch.labeled."
            ) from error
        except RuntimeError as error:
            if trainer.world_size > 1 and _LOST.search(str(error)):
                raise SemisupError(
                    "another process of this training has ended, maybe for lack of memory; the same command continues "
                    "from the last checkpoint."
                ) from error
            raise
    return checkpoints, loggers


def _number(folder: Path) -> int:
    """That of a round, of its folder."""
    return int(folder.name.removeprefix("round"))


def _set_up_steps(method: Method, training: TrainerConfig) -> None:
    """A method with several optimizers or with micro-batches steps and clips itself, and Lightning does for others."""
    name, several = type(method).__name__, not method.automatic_optimization
    if several and training.micro_batches > 1:
        raise SemisupError(f"trainer.micro_batches is for methods with one optimizer, and {name} has several.")
    if training.gradient_clip_val and several and not method.parts:
        raise SemisupError(f"trainer.gradient_clip_val has no effect in {name}, which steps its optimizers itself.")
    if not several and training.micro_batches == 1:
        return
    if training.gradient_clip_val and training.precision == "16-mixed":
        raise SemisupError(f"the gradients of {name} cannot be clipped here in 16-mixed: write bf16-mixed.")
    method.automatic_optimization = False
    method.gradient_clip_val, method.micro_batches = training.gradient_clip_val, training.micro_batches


def load_best_weights(method: Method, folder: Path) -> int:
    """Loads the weights that validation has chosen in a round; without validation images, the last ones.

    Args:
        method: The round's.
        folder: The round's.

    Returns:
        The step that they are of.

    Raises:
        SemisupError: If the checkpoint cannot be read, or is not there.
    """
    best = folder / "best.ckpt"
    if best.exists():
        checkpoint = load_checkpoint(best)
    else:
        checkpoint = load_checkpoint(folder / "last.ckpt")
        check_best(folder, checkpoint)
    method.load_state_dict(checkpoint["state_dict"])
    return int(checkpoint["global_step"])


def validate(method: Method, data: SSLDataModule, training: TrainerConfig) -> dict[str, Any] | None:
    """Evaluates a method on the validation images.

    Args:
        method: With the weights to evaluate.
        data: Its split names the images.
        training: On whose device.

    Returns:
        What `summary` gives, and the `temperature` that fits; None without validation images.
    """
    if not len(data.split.validation):
        return None
    training.tester().validate(method, datamodule=data, verbose=False)
    logits, label = (method.eval_outputs[key].cpu() for key in ("logits", "label"))
    temperature = fit_temperature(logits.float().numpy(), label.numpy())
    return summary(logits, label, data.store.classes) | {"temperature": temperature}


def test(method: Method, data: SSLDataModule, training: TrainerConfig, folder: Path) -> dict[str, Any] | None:
    """Evaluates a method on the test set, and writes predictions.npz.

    All but the scores for unknown classes is of the images of the K classes. open_set.npz has those scores, of all.

    Args:
        method: With the weights to evaluate.
        data: Its store has the test set.
        training: On whose device.
        folder: The run's.

    Returns:
        What `summary` gives, and of a data set with unknown classes `open_set`: as of `open_set_scores`, and `score`,
        what said how likely an image is of one. None without a test set.
    """
    if not len(data.store.scored):
        return None
    training.tester().test(method, datamodule=data, verbose=False)
    logits, label, index, unknown = (method.eval_outputs[k].cpu() for k in ("logits", "label", "index", "unknown"))
    outlier, open_set = label < 0, None
    if outlier.any():
        scored_by = "confidence" if method.eval_detector is None else "detector"
        open_set = {**open_set_scores(unknown, outlier), "score": scored_by}
        with atomic_write(folder / "open_set.npz") as temporary:
            np.savez_compressed(temporary, unknown=unknown.numpy(), outlier=outlier.numpy(), index=index.numpy())
        logits, label, index = (column[~outlier] for column in (logits, label, index))
    figures = summary(logits, label, data.store.classes)
    if open_set is not None:
        figures["open_set"] = open_set
    with atomic_write(folder / "predictions.npz") as temporary:
        np.savez_compressed(temporary, probability=logits.softmax(-1).numpy(), label=label.numpy(), index=index.numpy())
    return figures


def log_test(loggers: list[Logger], accuracy: float, folder: Path, classes: tuple[str, ...], step: int) -> None:
    """Sends the outcome of a test to the loggers.

    Args:
        loggers: Get the accuracy and the confusion matrix.
        accuracy: On the test set.
        folder: The run's, with predictions.npz.
        classes: Their names.
        step: Of the accuracy, in the loggers.
    """
    with np.load(folder / "predictions.npz") as saved:
        predicted, label = saved["probability"].argmax(-1), saved["label"]
    for logger in loggers:
        logger.log_metrics({"test/accuracy": accuracy}, step=step)
    log_confusion(loggers, predicted, label, classes)
    for logger in loggers:
        logger.finalize("success")
