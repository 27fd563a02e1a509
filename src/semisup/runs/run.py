"""One run: from a config to result.json, through rounds that can be stopped anywhere and go on from there."""

import json
import logging
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from semisup.config import resolve as configuration
from semisup.config.resolve import Config
from semisup.config.rounds import best
from semisup.core.atomic_files import atomic_write_text
from semisup.core.distributed import rank
from semisup.core.environment import hardware, versions
from semisup.core.errors import SemisupError
from semisup.core.malloc import tune_malloc
from semisup.data import SSLDataModule, Store
from semisup.methods import Method
from semisup.reports.figures.rounds import draw
from semisup.runs import console as show
from semisup.runs.rounds_runner import RoundsRunner
from semisup.runs.trained_run import described
from semisup.training.fit import make_method
from semisup.training.trainer import TrainerConfig
from semisup.training.tuning import tuned

Result = dict[str, Any]


def run(config: Mapping[str, Any], console: Console | None = None) -> Result:
    """Trains, evaluates and writes down one run, or goes on with it, or reads the result of a finished one.

    config: the composed config as plain dicts. Returns what result.json holds. Raises SemisupError for what the user
    can mend.
    """
    console = console or Console(quiet=rank() != 0)
    full = configuration.complete(config)
    folder = configuration.folder(full)
    result_file = folder / "result.json"
    if result_file.exists() and not full["overwrite"]:
        finished = _finished(result_file)
        console.print(f"{folder} is finished; overwrite=true would start anew.")
        show.result(console, folder, finished)
        return finished
    configure_process()
    store = configuration.load_source(full)
    data = configuration.load_data(full, store)
    preflight(full, store, data)  # so that a mistake deletes no earlier run, and leaves no folder
    init_run_dir(folder, full)
    result = _train_and_test(full, store, data, folder, console)
    if rank() == 0:
        atomic_write_text(result_file, json.dumps(result, indent=1))
    show.result(console, folder, result)
    if rank() == 0:
        _write_page(folder, store, console)
    return result


def _finished(file: Path) -> Result:
    """What a result.json holds. Raises SemisupError if it is damaged."""
    try:
        result: Result = json.loads(file.read_text())
        return result
    except ValueError as error:
        raise SemisupError(f"{file} is damaged ({error}): delete it, and the same command writes it anew.") from error


def configure_process() -> None:
    """A quiet, fast process."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    tune_malloc()


def preflight(config: Config, store: Store, data: SSLDataModule) -> None:
    """Raises SemisupError for what does not go together, as far as it can be told without training."""
    if (config["rounds"]["students"] or config["labeler"]) and not len(data.split.unlabeled):
        raise SemisupError(f"pseudo-labels are of unlabeled images, and this split of {store.name} has none.")
    if not configuration.is_labeling_only(config):
        make_method(configuration.round_config(config, 0), store)


def init_run_dir(folder: Path, config: Config) -> None:
    """The folder with its config; an earlier one goes if it is to be overwritten."""
    if rank() == 0:
        if config["overwrite"] and folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write_text(folder / "config.yaml", yaml.safe_dump(config, sort_keys=False))


def _train_and_test(config: Config, store: Store, data: SSLDataModule, folder: Path, console: Console) -> Result:
    if rank() == 0:
        data.split.save(folder, store)
    if config["tune"]:
        config = _tune(config, folder, store)
        data = configuration.load_data(config, store)
    if configuration.is_labeling_only(config):
        show.plan_of_labels(console, data, config, folder)
    else:
        show.plan(console, data, make_method(configuration.round_config(config, 0), store), config, folder)
    session = RoundsRunner(config, store, data.split, folder, console)
    records = session.train()
    if rank():
        return {}  # the other processes have done their share
    chosen = best(records)
    validation = records[chosen]["validation"]
    if len(records) > 1:
        draw(records, chosen, folder / "rounds.png")
    return {
        "test": session.test(chosen),
        "validation": validation,
        "temperature": validation and validation["temperature"],
        "pseudo_labels": records[chosen]["pseudo_labels"],
        "round": chosen,
        "rounds": records,
        "data": described(store),
        "split": data.split.manifest(store),
        "seed": config["seed"],
        "steps": records[chosen]["steps"],
        "tuned": {"lr": config["optimizer"]["lr"], "batch_size": data.batch_size} if config["tune"] else None,
        "versions": versions(),
        "hardware": hardware(),
        "seconds": round(sum(record["seconds"] for record in records), 1),
    }


def _write_page(folder: Path, store: Store, console: Console) -> None:
    """Writes report.html. The result is on disk by now: whatever fails here is said, and costs the page alone."""
    try:
        from semisup.reports import run_page as page  # here, as matplotlib and scikit-learn come with it

        console.print(f"[bold]page[/] {page.write(folder, store)}", soft_wrap=True)
    except Exception as error:  # whatever it is, hours of training are done and must not end as a failure
        reason = f"{type(error).__name__}: {error}".rstrip(".")
        show.warn(console, f"the page was not written ({reason}); python scripts/report.py {folder} tries again.")


def _tune(config: Config, folder: Path, store: Store) -> Config:
    """The config with the learning rate or the batch size that the tuner found."""
    if rank():
        raise SemisupError("tune works on one device; tune there first, then train with what it found.")
    training: TrainerConfig = configuration.build(config["trainer"])

    def fresh() -> tuple[Method, SSLDataModule]:
        return make_method(config, store), configuration.load_data(config, store)

    found = tuned(config["tune"], folder, training, fresh)
    if "lr" in found:
        return {**config, "optimizer": {**config["optimizer"], "lr": found["lr"]}}
    return {**config, "batch": {**config["batch"], "labeled": found["batch_size"]}}
