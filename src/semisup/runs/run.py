"""One run: from a config to result.json, through rounds that can be stopped anywhere and continue from there."""

import json
import logging
import os
import shutil
import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml
from rich.console import Console

from semisup.config import Config
from semisup.config.identity import run_folder
from semisup.config.nodes import build, embed_inputs, load_data, load_source
from semisup.config.resolve import complete, first_trained_round, takes_embedding
from semisup.config.rounds import best_round
from semisup.core.atomic_files import atomic_write_text
from semisup.core.damaged_files import checked, read_json
from semisup.core.distributed import rank
from semisup.core.environment import hardware, versions
from semisup.core.errors import SemisupError
from semisup.core.locks import LOCK, locked, refuse_locked
from semisup.core.malloc import tune_malloc
from semisup.core.memory import peak_memory
from semisup.core.terminal import warn
from semisup.data import SSLDataModule, Store
from semisup.methods import Method
from semisup.runs import console as show
from semisup.runs.preflight import preflight
from semisup.runs.result_warnings import result_warnings
from semisup.runs.rounds_runner import RoundsRunner
from semisup.runs.run_data import describe_store, enlarged
from semisup.runs.run_files import COMMAND, CONFIG, RESULT, delete_unfinished
from semisup.runs.trained_network import load_network
from semisup.runs.trusted import named_packages
from semisup.training.fit import make_method
from semisup.training.tuning import tune

Result = dict[str, Any]


def run(
    config: Mapping[str, Any],
    console: Console | None = None,
    command: str | None = None,
    folder: Path | None = None,
    temperature: float | None = None,
    brief: bool = False,
) -> Result:
    """Trains and evaluates one run, continues one that was stopped, or reads the result of a finished one.

    Args:
        config: The composed config, as plain dicts.
        console: For the plan, the progress and the result; None = the terminal.
        command: What started the run, shell-quoted; it is stored in the run's folder.
        folder: The run's; None: `run_folder` of the config.
        temperature: Of the probabilities, if it is known, as from cross-validation; None: validation images fit it.
        brief: Whether less is printed, as in a sweep.

    Returns:
        What result.json holds.

    Raises:
        SemisupError: If something is wrong that the user can change.
    """
    console = console or show.terminal(quiet=rank() != 0)
    full = complete(config)
    folder = folder or run_folder(full)
    if (folder / RESULT).exists() and not full["overwrite"]:
        return _finished(folder, console)
    if rank() == 0:
        refuse_locked(folder)  # before time is spent on the data set
    configure_process()
    images, store = open_data(full, console)
    data = load_data(full, store)
    method = preflight(full, store, data)  # before a mistake deletes an earlier run, or leaves a folder
    with locked(folder) if rank() == 0 else nullcontext():
        if (folder / RESULT).exists() and not full["overwrite"]:  # another process has finished it meanwhile
            return _finished(folder, console)
        if rank() == 0:
            init_run_dir(folder, full, command)
            data.split.save(folder, store)
        runner, result = _train_and_test(full, store, data, method, folder, console, brief)
        if result:  # which the first process has
            frozen = {"frozen_network": store.frozen_network} if store.is_embedded else {}
            result["data"] = describe_store(images) | frozen
            result["temperature"] = temperature or result["temperature"]
            result["warnings"] = result_warnings(result)
            atomic_write_text(folder / RESULT, json.dumps(result, indent=1))
            if result["test"]:
                runner.log_test(result["round"], result["test"]["accuracy"])
    show.result(console, folder, result)
    return result


def _finished(folder: Path, console: Console) -> Result:
    """The result of a run that is finished."""
    remedy = "delete it, and the same command writes it again"
    finished = read_json(folder / RESULT, remedy)
    console.print(f"{folder} is finished; overwrite=true trains it again.", soft_wrap=True)
    with checked(folder / RESULT, remedy):
        show.result(console, folder, finished)
    return finished


def open_data(config: Config, console: Console) -> tuple[Store, Store]:
    """Opens the data set of a run.

    Args:
        config: Completed.
        console: For the progress.

    Returns:
        The images, and what the run's networks are trained on: the same, or the features of a frozen network.

    Raises:
        SemisupError: If the data set is not there, or the device, or if the frozen network cannot take the images.
    """
    if first_trained_round(config) is not None:
        build(config["trainer"]).predictor()  # refuses a device that is not there before anything is read
    images = load_source(config)
    if not takes_embedding(config):
        return images, images
    if warning := enlarged(images, config["embedding"].get("size")):
        warn(console, warning)
    load = partial(load_network, allow=named_packages(config))
    return images, embed_inputs(config, images, load, show.show_progress(console, "embedding", "images"))


def configure_process() -> None:
    """Silences Lightning, makes large allocations fast, and spares steps on a CPU the search for a GPU."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    if not torch.cuda.is_available():
        # Lightning has torch look for a GPU by NVML, which it loads anew, at each step: a tenth of a step on features.
        os.environ.pop("PYTORCH_NVML_BASED_CUDA_CHECK", None)
    tune_malloc()


def init_run_dir(folder: Path, config: Config, command: str | None) -> None:
    """Makes the run's folder with config.yaml and command.txt.

    Args:
        folder: The run's. An earlier one is deleted if it is to be overwritten.
        config: Completed.
        command: What started the run, if a command did.
    """
    for old in folder.iterdir() if config["overwrite"] and folder.exists() else ():
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        elif old.name != LOCK:
            old.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    delete_unfinished(folder)
    atomic_write_text(folder / CONFIG, yaml.safe_dump(config, sort_keys=False))
    if command is not None:
        atomic_write_text(folder / COMMAND, f"{command}\n")


def _train_and_test(
    config: Config,
    store: Store,
    data: SSLDataModule,
    method: Method | None,
    place: Path,
    console: Console,
    brief: bool,
) -> tuple[RoundsRunner, Result]:
    if config["tune"]:
        config = _tune(config, place, store)
        data = load_data(config, store, data.split)
        method = preflight(config, store, data)
    show.plan(console, data, method, config, place)
    runner = RoundsRunner(config, store, data.split, place, console, method, brief)
    records = runner.train()
    if rank():
        return runner, {}  # the first process has the records
    chosen = best_round(records)
    validation = records[chosen]["validation"]
    tuned = {"lr": config["optimizer"]["lr"], "batch_size": config["batch"]["labeled"]}
    return runner, {
        "test": runner.test(chosen),
        "validation": validation,
        "temperature": validation and validation["temperature"],
        "pseudo_labels": records[chosen]["pseudo_labels"],
        "use": records[chosen].get("use"),
        "round": chosen,
        "rounds": records,
        "data": describe_store(store),
        "split": data.split.manifest(store),
        "seed": config["seed"],
        "steps": records[chosen]["steps"],
        "tuned": tuned if config["tune"] else None,
        "versions": versions(),
        "hardware": hardware(),
        "seconds": round(sum(record["seconds"] for record in records), 1),
        "peak_memory": peak_memory(),
    }


def _tune(config: Config, folder: Path, store: Store) -> Config:
    """The config with the learning rate or the batch size that the tuner found."""
    if rank():
        raise SemisupError("tune works on one device; tune there first, then train with what it found.")

    def fresh() -> tuple[Method, SSLDataModule]:
        return make_method(config, store), load_data(config, store)

    found = tune(config["tune"], folder, build(config["trainer"]), fresh)
    if "lr" in found:
        return {**config, "optimizer": {**config["optimizer"], "lr": found["lr"]}}
    return {**config, "batch": {**config["batch"], "labeled": found["batch_size"]}}
