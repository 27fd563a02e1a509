"""One round: a fresh network, its training, and its evaluation."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback
from lightning.pytorch.loggers import Logger
from rich.console import Console

from semisup.config import resolve as configuration
from semisup.config.resolve import Config
from semisup.core.atomic_files import atomic_write
from semisup.core.schema import locate, parameters
from semisup.core.seeds import seed_for
from semisup.data import SSLDataModule, Store
from semisup.methods import Method
from semisup.metrics.calibration import fit_temperature
from semisup.metrics.classification import summary
from semisup.training.audit import Audit
from semisup.training.callbacks import Checkpoints, NaNGuard, ProgressBar, SaveWhenAsked, StepSeed
from semisup.training.callbacks.checkpoints import load
from semisup.training.loggers import log_confusion
from semisup.training.metrics_csv import MetricsCSV
from semisup.training.trainer import TrainerConfig


def make_method(config: Config, store: Store) -> Method:
    """The method with a fresh network, whose weights are a function of the seed.

    A method that keeps something per class or per image asks for `classes` or `images` (how many) in its constructor.
    """
    torch.manual_seed(seed_for(config["seed"], "weights"))
    given = {
        "network": configuration.build_network(config, store),
        "optimizer": configuration.build(config["optimizer"]),
        "classes": len(store.classes),
        "images": len(store.images),
    }
    wanted = parameters(locate(config["method"]["_target_"]))
    method: Method = configuration.build(config["method"], **{k: v for k, v in given.items() if k in wanted})
    return method


def make_loggers(config: Config, folder: Path) -> list[Logger]:
    """The loggers that the config asks for besides metrics.csv. folder: the round's."""
    loggers: list[Logger] = configuration.build(
        config["logger"], folder=folder.parent, round_number=int(folder.name.removeprefix("round"))
    )
    return loggers


def fit(
    method: Method, data: SSLDataModule, folder: Path, audit: Audit, config: Config, console: Console
) -> tuple[Checkpoints, list[Logger]]:
    """Trains a round in its folder, from where it was left. A finished one is not trained again."""
    folder.mkdir(parents=True, exist_ok=True)
    training: TrainerConfig = configuration.build(config["trainer"])
    checkpoints = Checkpoints(folder, training.every, training.save_every)
    callbacks: list[Callback] = [StepSeed(config["seed"]), NaNGuard(training.log_every_n_steps), audit]
    watchers: list[Callback] = [ProgressBar(console), checkpoints, SaveWhenAsked(checkpoints)]
    step = checkpoints.restore(audit)
    loggers = [MetricsCSV(folder / "metrics.csv", step), *make_loggers(config, folder)]
    if not checkpoints.finished:
        trainer = training.trainer([*callbacks, *watchers], loggers, validates=len(data.split.validation) > 0)
        trainer.fit(method, datamodule=data, ckpt_path=checkpoints.last if step else None, weights_only=True)
    return checkpoints, loggers


def restore(method: Method, folder: Path) -> int:
    """Puts the weights that validation chose in a round into its method; returns the step they are of."""
    best = folder / "best.ckpt"
    chosen = load(best if best.exists() else folder / "last.ckpt")
    method.load_state_dict(chosen["state_dict"])
    return int(chosen["global_step"])


def validate(method: Method, data: SSLDataModule, training: TrainerConfig) -> dict[str, Any] | None:
    """The figures of the validation images, if there are any, and the temperature that fits them."""
    if not len(data.split.validation):
        return None
    training.tester().validate(method, datamodule=data, verbose=False)
    logits, label = (method.eval_outputs[key].cpu() for key in ("logits", "label"))
    temperature = fit_temperature(logits.float().numpy(), label.numpy())
    return summary(logits, label, data.store.classes) | {"temperature": temperature}


def test(
    method: Method, data: SSLDataModule, training: TrainerConfig, loggers: list[Logger], folder: Path, step: int
) -> dict[str, Any] | None:
    """The figures of the test set, if there is one; its predictions go into the run's folder. step: of the loggers."""
    if not len(data.store.test_images):
        return None
    training.tester().test(method, datamodule=data, verbose=False)
    logits, label, index = (method.eval_outputs[key].cpu() for key in ("logits", "label", "index"))
    figures = summary(logits, label, data.store.classes)
    with atomic_write(folder / "predictions.npz") as draft:
        np.savez_compressed(draft, probability=logits.softmax(-1).numpy(), label=label.numpy(), index=index.numpy())
    for logger in loggers:
        logger.log_metrics({"test/accuracy": figures["accuracy"]}, step=step)
    log_confusion(loggers, logits.argmax(-1).numpy(), label.numpy(), data.store.classes)
    return figures
