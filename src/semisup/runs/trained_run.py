"""A finished run as a thing to use: its network, its classes, how its inputs are made. It needs no data set."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from semisup.config import resolve as configuration
from semisup.config.resolve import Config, round_config
from semisup.core.errors import SemisupError
from semisup.core.schema import locate
from semisup.data import Store, open_store
from semisup.data.store import store_folder
from semisup.models.backbones import Backbone
from semisup.models.classifier import Classifier
from semisup.training.callbacks.checkpoints import load

AVERAGES, TRAINED = ("ema.network.", "average.network."), "network."  # what a method calls its networks, then and now


@dataclass(frozen=True)
class TrainedRun:
    """A finished run, of which the round that was tested is taken.

    checkpoint: its file. data: name, classes, shape ((C, H, W) or (D,)), columns of a table, mean and std, as in
    result.json. classifier: of its evaluated network, on the CPU. temperature: None if it was not fitted, so that
    confidence is not calibrated.
    """

    folder: Path
    config: Config
    result: dict[str, Any]
    checkpoint: Path
    data: dict[str, Any]
    temperature: float | None
    classifier: Classifier

    @property
    def classes(self) -> list[str]:
        return list(self.data["classes"])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one input as the network sees it: (C, H, W), or (D,) for a row of a table."""
        return tuple(self.data["shape"])

    @property
    def columns(self) -> list[str]:
        """The names of a table's D columns; empty where it had none."""
        return list(self.data.get("columns", ()))

    def digest(self) -> str:
        """The SHA-256 of the checkpoint."""
        with self.checkpoint.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def open_run(folder: str | Path, data_dir: str | Path | None = None) -> TrainedRun:
    """Opens the folder of a finished run.

    data_dir: where the data set lies of a run that is older than `data` in result.json; None: where the run had it.
    Raises SemisupError if the run is not finished, or lacks what is needed.
    """
    folder = Path(folder).expanduser()
    checkpoint = chosen_checkpoint(folder)
    try:
        config: Config = yaml.safe_load((folder / "config.yaml").read_text())
    except yaml.YAMLError as error:
        raise SemisupError(f"{folder / 'config.yaml'} is not the config of a run.") from error
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    data = result.get("data") or _from_store(folder, config, data_dir)
    temperature = result.get("temperature")
    network = trained_network(checkpoint, tuple(data["shape"]), data["name"], len(data["classes"]))
    classifier = Classifier(network, data["mean"], data["std"], temperature or 1.0)
    return TrainedRun(folder, config, result, checkpoint, data, temperature, classifier)


def described(store: Store) -> dict[str, Any]:
    """What result.json says of a data set, so that the run can be used without it."""
    return {
        "name": store.name,
        "classes": list(store.classes),
        "shape": list(store.shape),
        "columns": list(store.columns),
        "store": store.folder and store.folder.name,
        "mean": list(store.mean),
        "std": list(store.std),
    }


def data_set(config: Config, result: Mapping[str, Any], data_dir: str | Path | None = None) -> Store:
    """The data set of a finished run: as it was imported then, or else imported again.

    data_dir: where data sets lie; None: where the run had them. Raises SemisupError if it is not there.
    """
    place = Path(data_dir or config["data_dir"])
    imported = (result.get("data") or {}).get("store")
    if imported and (folder := store_folder(place.expanduser(), imported)).is_dir():
        return open_store(folder)
    store: Store = configuration.load_source({**config, "data_dir": str(place)})
    return store


def chosen_checkpoint(run: Path, option: str = "run", instead: str = "") -> Path:
    """The checkpoint of a finished run's tested round. Raises SemisupError if there is none.

    option: what the run is called in a message. instead: what one can do there if the run is not finished.
    """
    if not (run / "config.yaml").is_file():
        raise SemisupError(f"{option}={run} is not the folder of a run: it has no config.yaml.")
    if not (run / "result.json").is_file():
        raise SemisupError(f"{option}={run} is not finished: run it to its end{instead and f', or {instead}'}.")
    try:
        folder = run / f"round{json.loads((run / 'result.json').read_text())['round']}"
    except (ValueError, KeyError) as error:
        raise SemisupError(f"{option}={run}: its result.json is damaged, or of an older version.") from error
    found = [file for file in (folder / "best.ckpt", folder / "last.ckpt") if file.is_file()]
    if not found:
        raise SemisupError(f"{option}={run}: {folder.name} has no checkpoint.")
    return found[0]


def trained_network(
    checkpoint: Path, shape: tuple[int, ...], name: str, classes: int | None = None, option: str = "run"
) -> Backbone:
    """The evaluated network of RUN/roundN/*.ckpt. Nothing in the checkpoint is executed.

    shape: of an input. name: the data set's. classes: how many there are; None = as many as the network has. option:
    what the run is called in a message. Raises SemisupError if network and data do not fit each other.
    """
    node = backbone_node(checkpoint, option)
    target = locate(node["_target_"], "backbone._target_")
    if not (isinstance(target, type) and issubclass(target, Backbone)):  # anything else is not called to find out
        raise SemisupError(f"{option}={checkpoint}: backbone._target_={node['_target_']} is no Backbone.")
    state = evaluated_weights(load(checkpoint).get("state_dict", {}))
    try:
        with torch.random.fork_rng(devices=[]):  # all that is drawn is overwritten
            count = len(state["head.bias"]) if classes is None else classes
            network: Backbone = configuration.build(node, shape=shape, classes=count)
        network.load_state_dict(state)
    except (SemisupError, RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(":.")
        raise SemisupError(f"{option}={checkpoint}: its network does not fit {name} ({reason}).") from error
    return network.to(memory_format=torch.channels_last)


def backbone_node(checkpoint: Path, option: str) -> Config:
    """The node of the network in RUN/roundN/*.ckpt, from RUN/config.yaml; all its weights are the checkpoint's."""
    folder = checkpoint.resolve().parent
    number, file = re.fullmatch(r"round(\d+)", folder.name), folder.parent / "config.yaml"
    if not number or not file.is_file():
        raise SemisupError(f"{option}={checkpoint} does not lie in the folder of a run, as RUN/round0/best.ckpt does.")
    try:
        config = yaml.safe_load(file.read_text())
        node: Config = round_config(config, _form(folder, int(number[1])))["backbone"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise SemisupError(f"{file} is not the config of a run.") from error
    return {**node, "weights": None} if "weights" in node else node


def evaluated_weights(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a method's evaluated network: the moving average where there is one."""
    prefix = next((p for p in AVERAGES if any(name.startswith(p) for name in state)), TRAINED)
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def _form(folder: Path, number: int) -> int:
    """The round whose network has the same form: a fine-tuning has that of the round it tunes."""
    record = folder / "round.json"
    kind = json.loads(record.read_text())["kind"] if record.is_file() else ""
    tuned = re.fullmatch(r"fine-tuning of round (\d+)", kind)
    return int(tuned[1]) if tuned else number


def _from_store(folder: Path, config: Config, data_dir: str | Path | None) -> dict[str, Any]:
    """The description of the data set itself, for a run that was made before result.json had one."""
    try:
        return described(data_set(config, {}, data_dir))
    except (SemisupError, OSError) as error:
        raise SemisupError(
            f"run={folder} was made by an older version, so its classes are read from its data set: give data_dir=..., "
            f"where that lies ({error})."
        ) from error
