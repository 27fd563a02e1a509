"""One run: from a config to result.json, through a training that can be stopped anywhere and goes on from there."""

import json
import logging
import os
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from lightning.pytorch import Callback
from lightning.pytorch.loggers import Logger
from rich.console import Console

from semisup import config as configuration
from semisup import show
from semisup.allocator import keep_memory
from semisup.audit import Audit
from semisup.callbacks import Checkpoints, NaNGuard, ProgressBar, SaveWhenAsked, StepSeed
from semisup.callbacks.checkpoints import load
from semisup.callbacks.step_seed import derived_seed
from semisup.config import Config
from semisup.data import SSLDataModule, Store
from semisup.environment import hardware, rank, versions
from semisup.errors import SemisupError
from semisup.evaluation import summary
from semisup.loggers import log_confusion
from semisup.methods import Method
from semisup.metrics import MetricsCSV
from semisup.schema import locate, parameters
from semisup.training import Training
from semisup.tuning import tuned

Result = dict[str, Any]
NETWORK = 0xBACB  # names the network's initial weights among the things drawn from the seed


def run(config: Mapping[str, Any], console: Console | None = None) -> Result:
    """Trains, evaluates and writes down one run, or goes on with it, or reads the result of a finished one.

    config: the composed config as plain dicts. Returns what result.json holds. Raises SemisupError for what the user
    can mend.
    """
    console = console or Console(quiet=rank() != 0)
    full = configuration.complete(config)
    folder = configuration.folder(full)
    _prepare(folder, full)
    result_file = folder / "result.json"
    if result_file.exists():
        finished: Result = json.loads(result_file.read_text())
        console.print(f"{folder} is finished; overwrite=true would start anew.")
        show.result(console, folder, finished)
        return finished
    result = _train_and_test(full, folder, console)
    if rank() == 0:
        _write(result_file, json.dumps(result, indent=1))
    show.result(console, folder, result)
    return result


def _prepare(folder: Path, config: Config) -> None:
    """The folder with its config, and a quiet, fast process."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    keep_memory()
    if rank() == 0:
        if config["overwrite"] and folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "config.yaml", yaml.safe_dump(config, sort_keys=False))


def _train_and_test(config: Config, folder: Path, console: Console) -> Result:
    store = configuration.load_source(config)
    data = configuration.load_data(config, store)
    if rank() == 0:
        data.split.save(folder, store)
    if config["tune"]:
        config = _tune(config, folder, store)
        data = configuration.load_data(config, store)
    training: Training = configuration.build(config["trainer"])
    method = make_method(config, store)
    show.plan(console, data, method, training.max_steps, folder)
    truth = np.full_like(store.targets, -1)
    truth[data.split.unlabeled] = store.targets[data.split.unlabeled]
    audit = Audit(truth, store.classes, training.every)
    checkpoints, loggers = fit(method, data, training, folder / "round0", audit, config, console)
    if rank():
        return {}  # the other processes have done their share
    return {
        **test(method, data, training, checkpoints, loggers, folder),
        "pseudo_labels": audit.reading,
        "split": data.split.manifest(store),
        "seed": config["seed"],
        "steps": checkpoints.step,
        "tuned": {"lr": method.optimizer.lr, "batch_size": data.batch_size} if config["tune"] else None,
        "versions": versions(),
        "hardware": hardware(),
        "seconds": round(checkpoints.seconds, 1),
    }


def make_method(config: Config, store: Store) -> Method:
    """The method with a fresh network, whose weights are a function of the seed.

    A method that keeps something per class or per image asks for `classes` or `images` (how many) in its constructor.
    """
    torch.manual_seed(derived_seed(config["seed"], NETWORK))
    given = {
        "network": configuration.build_network(config, store),
        "optimizer": configuration.build(config["optimizer"]),
        "classes": len(store.classes),
        "images": len(store.images),
    }
    wanted = parameters(locate(config["method"]["_target_"]))
    method: Method = configuration.build(config["method"], **{k: v for k, v in given.items() if k in wanted})
    return method


def fit(
    method: Method,
    data: SSLDataModule,
    training: Training,
    folder: Path,
    audit: Audit,
    config: Config,
    console: Console,
) -> tuple[Checkpoints, list[Logger]]:
    """Trains one round in its folder, from where it was left. A finished one is not trained again."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoints = Checkpoints(folder, training.every, training.save_every)
    callbacks: list[Callback] = [StepSeed(config["seed"]), NaNGuard(training.log_every_n_steps), audit]
    watchers: list[Callback] = [ProgressBar(console), checkpoints, SaveWhenAsked(checkpoints)]
    step = checkpoints.restore(audit)
    loggers = [MetricsCSV(folder / "metrics.csv", step), *configuration.build(config["logger"], folder=folder.parent)]
    if not checkpoints.finished:
        trainer = training.trainer([*callbacks, *watchers], loggers, validates=len(data.split.validation) > 0)
        trainer.fit(method, datamodule=data, ckpt_path=checkpoints.last if step else None, weights_only=True)
    return checkpoints, loggers


def test(
    method: Method,
    data: SSLDataModule,
    training: Training,
    checkpoints: Checkpoints,
    loggers: list[Logger],
    folder: Path,
) -> Result:
    """Evaluates the checkpoint that validation chose: once on the validation images, then once on the test set."""
    chosen = load(checkpoints.best)
    method.load_state_dict(chosen["state_dict"])
    classes, tester = data.store.classes, training.tester()
    result: Result = {"test": None, "validation": None}
    if len(data.split.validation):
        tester.validate(method, datamodule=data, verbose=False)
        result["validation"] = summary(method.evaluated["logits"], method.evaluated["label"], classes)
        result["validation"]["step"] = chosen["global_step"]
    if len(data.store.test_images):
        training.tester().test(method, datamodule=data, verbose=False)
        logits, label, index = (method.evaluated[key].cpu() for key in ("logits", "label", "index"))
        result["test"] = summary(logits, label, classes)
        draft = folder / "predictions.draft.npz"
        np.savez_compressed(draft, probability=logits.softmax(-1).numpy(), label=label.numpy(), index=index.numpy())
        os.replace(draft, folder / "predictions.npz")
        for logger in loggers:
            logger.log_metrics({"test/accuracy": result["test"]["accuracy"]}, step=checkpoints.step)
        log_confusion(loggers, logits.argmax(-1).numpy(), label.numpy(), classes)
    for logger in loggers:
        logger.finalize("success")
    return result


def _tune(config: Config, folder: Path, store: Store) -> Config:
    """The config with the learning rate or the batch size that the tuner found."""
    if rank():
        raise SemisupError("tune works on one device; tune there first, then train with what it found.")
    training: Training = configuration.build(config["trainer"])

    def fresh() -> tuple[Method, SSLDataModule]:
        return make_method(config, store), configuration.load_data(config, store)

    found = tuned(config["tune"], folder, training, fresh)
    if "lr" in found:
        return {**config, "optimizer": {**config["optimizer"], "lr": found["lr"]}}
    return {**config, "batch": {**config["batch"], "labeled": found["batch_size"]}}


def _write(file: Path, text: str) -> None:
    draft = file.with_suffix(".draft")
    draft.write_text(text)
    os.replace(draft, file)
