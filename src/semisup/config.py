"""A run's config: checked, completed, and turned into the name of its folder."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import torch

from semisup.backbones import Backbone
from semisup.data import SSLDataModule
from semisup.errors import SemisupError
from semisup.schema import completed, locate, parameters

Config = dict[str, Any]

# What the program supplies to each node's constructor.
GIVEN = {
    "data": ("data_dir", "store", "batch_size", "ratio", "seed", "split"),
    "method": ("network", "optimizer", "classes", "images"),
    "backbone": ("shape", "classes"),
    "optimizer": (),
    "trainer": (),
    "logger": ("folder",),
}
# Where a run happens, and not what it is: no part of its name.
ELSEWHERE = ("data_dir", "runs_dir", "overwrite", "logger")
HARDWARE = ("accelerator", "devices", "num_nodes", "strategy", "save_every")


def complete(config: Mapping[str, Any]) -> Config:
    """The config with every default filled in from the signatures. Raises SemisupError where anything is wrong."""
    full = dict(config)
    for where, given in GIVEN.items():
        if "_target_" not in (config.get(where) or {}):
            raise SemisupError(f"{where} must be chosen; write {where}=... on the command line.")
        target = locate(config[where]["_target_"], f"{where}._target_")
        targets: list[Callable[..., Any]] = [target, SSLDataModule] if where == "data" else [target]
        full[where] = completed(where, config[where], targets, given)
    full["batch"] = completed("batch", config["batch"], [batch_sizes])
    batch_sizes(**full["batch"])
    full |= completed("", {k: v for k, v in config.items() if k not in (*GIVEN, "batch")}, [settings])
    if full["seed"] < 0:
        raise SemisupError(f"seed={full['seed']} is not valid: it is a whole number from 0 on.")
    _try(full["optimizer"])
    return full


def batch_sizes(labeled: int = 64, ratio: int = 7) -> None:
    """labeled: images per step, over all devices. ratio: unlabeled images per labeled one."""
    for name, value in (("labeled", labeled), ("ratio", ratio)):
        if value < 1:
            raise SemisupError(f"batch.{name} is at least 1; got {value}.")


def settings(
    seed: int = 0,
    tune: Literal["lr", "batch_size"] | None = None,
    overwrite: bool = False,
    data_dir: str = "data",
    runs_dir: str = "runs",
) -> None:
    """What a config holds besides its nodes."""


def folder(config: Config) -> Path:
    """The run's folder: readable parts, and a hash of everything that makes the run what it is."""
    essence = {key: value for key, value in config.items() if key not in ELSEWHERE}
    essence["trainer"] = {k: v for k, v in config["trainer"].items() if k not in HARDWARE}
    digest = hashlib.sha256(json.dumps(essence, sort_keys=True, default=str).encode()).hexdigest()[:8]
    data = config["data"]
    source = data.get("name") or Path(str(data.get("path") or snake_case(data["_target_"]))).stem
    labels = str(data["labels"]).replace("/", "-per-")
    parts = (source, labels, _kind(config["method"]), _kind(config["backbone"]), f"seed{config['seed']}", digest)
    return Path(config["runs_dir"]) / "-".join(str(part) for part in parts)


def load_source(config: Config) -> Any:
    """The store that the config's data node names."""
    source = locate(config["data"]["_target_"])
    return source(data_dir=Path(config["data_dir"]).expanduser(), **own(config["data"], source))


def load_data(config: Config, store: Any) -> SSLDataModule:
    """The data module that the config asks for."""
    sizes = {"batch_size": config["batch"]["labeled"], "ratio": config["batch"]["ratio"]}
    return SSLDataModule(store, **own(config["data"], SSLDataModule), **sizes, seed=config["seed"])


def build(node: Mapping[str, Any], **given: Any) -> Any:
    """Calls a completed node's target with its values and with what the program supplies."""
    return locate(node["_target_"])(**{k: v for k, v in node.items() if k != "_target_"}, **given)


def build_network(config: Config, store: Any) -> Backbone:
    """A fresh network for the store's images and classes."""
    network: Backbone = build(config["backbone"], shape=store.shape, classes=len(store.classes))
    return network


def own(node: Mapping[str, Any], target: Callable[..., Any]) -> dict[str, Any]:
    """The values of a node shared by two targets that belong to this one."""
    return {key: value for key, value in node.items() if key in parameters(target)}


def snake_case(target: str) -> str:
    """The short name of a class or function: semisup.backbones.SmallCNN is small_cnn."""
    # The field writes FixMatch, FlexMatch, ... as one word.
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])(?!Match)", "_", target.rpartition(".")[2]).lower()


def _try(optimizer: Mapping[str, Any]) -> None:
    """torch refuses a negative learning rate when the optimizer is made: better here than when the data was read."""
    try:
        build(optimizer).optimizer(torch.nn.Linear(1, 1, device="meta"))
    except ValueError as error:
        raise SemisupError(f"the optimizer cannot be set up: {error}.") from error


def _kind(node: Mapping[str, Any]) -> str:
    return str(node.get("name") or snake_case(node["_target_"]))
