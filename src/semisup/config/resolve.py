"""A run's config: checked, completed, and turned into the name of its folder."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import torch

from semisup.config.rounds import NOISE, Rounds, round_seed
from semisup.core.errors import SemisupError, did_you_mean
from semisup.core.schema import completed, locate, parameters
from semisup.data import Split, SSLDataModule
from semisup.models.backbones import Backbone

Config = dict[str, Any]

# What the program supplies to each node's constructor.
INJECTED_ARGS = {
    "data": ("data_dir", "store", "batch_size", "ratio", "seed", "split"),
    "method": ("network", "optimizer", "classes", "images"),
    "teacher": ("network", "optimizer", "classes", "images"),
    "labeler": (),
    "embedding": ("source",),
    "backbone": ("shape", "classes"),
    "optimizer": (),
    "trainer": (),
    "logger": ("folder", "round_number"),
}
OPTIONAL = ("teacher", "labeler", "embedding")  # nodes that may be null
# Where a run happens, and not what it is: no part of its name.
LOCATION_KEYS = ("data_dir", "runs_dir", "overwrite", "logger")
HARDWARE = ("accelerator", "devices", "num_nodes", "strategy", "save_every")
# What of a node changes no number, or roundings only.
NO_NUMBER = {"trainer": HARDWARE, "embedding": ("device", "batch_size"), "data": ("resident",)}


def complete(config: Mapping[str, Any]) -> Config:
    """The config with every default filled in from the signatures. Raises SemisupError where anything is wrong."""
    full = dict(config)
    for where, given in INJECTED_ARGS.items():
        if where in OPTIONAL and config.get(where) is None:
            full[where] = None
            continue
        if "_target_" not in (config.get(where) or {}):
            option = "method@teacher" if where == "teacher" else where
            raise SemisupError(f"{where} must be chosen; write {option}=... on the command line.")
        target = locate(config[where]["_target_"], f"{where}._target_")
        targets: list[Callable[..., Any]] = [target, SSLDataModule] if where == "data" else [target]
        full[where] = completed(where, config[where], targets, given)
    full["batch"] = completed("batch", config["batch"], [batch_sizes])
    batch_sizes(**full["batch"])
    full["rounds"] = completed("rounds", config.get("rounds") or {}, [Rounds])
    full |= completed("", {k: v for k, v in config.items() if k not in (*INJECTED_ARGS, "batch", "rounds")}, [settings])
    if full["seed"] < 0:
        raise SemisupError(f"seed={full['seed']} is not valid: it is a whole number from 0 on.")
    _try(full["optimizer"])
    _check_rounds(full)
    return full


def _check_rounds(config: Config) -> None:
    """Finds what is wrong with a later round before the first one is trained."""
    rounds = Rounds(**config["rounds"])
    if config["labeler"] is None and (rounds.students or rounds.labels):
        raise SemisupError("rounds of students need a labeler; write labeler=confident.")
    labeler, validation = config["labeler"] or {}, config["data"]["validation"]
    if labeler:
        build(labeler)
    for option, value in (("labeler.calibrate", labeler.get("calibrate")), ("rounds.patience", rounds.patience)):
        if value and not validation:
            raise SemisupError(f"{option} needs validation images: ask for data.validation.")
    name = snake_case(config["method"]["_target_"])
    uses_pseudo_label_targets = getattr(locate(config["method"]["_target_"]), "uses_pseudo_label_targets", True)
    if rounds.students and not uses_pseudo_label_targets:
        for option, value in (("weight", 1), ("weighting", "constant"), ("targets", "hard")):
            if labeler.get(option, value) != value:
                raise SemisupError(
                    f"labeler.{option}={labeler[option]} has no effect: {name} takes pseudo-labeled images for labeled "
                    "ones; write method=self_training, or leave the option out."
                )
    if config["embedding"]:
        _check_embedding(config, rounds)
    if is_labeling_only(config) and not uses_pseudo_label_targets:
        raise SemisupError(
            f"{name} would train nothing, as the labels come from the embedding and there are no students: write "
            "rounds.students=1, or, for the labels alone, method=cluster_label rounds.students=0."
        )
    if config["teacher"] and not rounds.students:
        raise SemisupError("a teacher needs students; write rounds.students=1, or choose it as the method.")
    for number in range(rounds.students + 1):
        build(round_config(config, number)["trainer"])


def _check_embedding(config: Config, rounds: Rounds) -> None:
    if config["labeler"] is None or "features" not in reads(config["labeler"]):
        raise SemisupError("an embedding is for a labeler that reads features; write labeler=clusters.")
    if not embeds_without_a_teacher(config):
        return
    build(config["embedding"])
    if is_labeling_only(config) and (rounds.finetune_steps or config["tune"]):
        option = "rounds.finetune_steps" if rounds.finetune_steps else "tune"
        raise SemisupError(f"{option} is of a training, and without students there is none: write rounds.students=1.")
    if rounds.students > 1:
        raise SemisupError(
            f"rounds.students={rounds.students} would all learn the same labels, as the embedding stays the same: "
            "write rounds.students=1, or embedding=network."
        )
    if config["teacher"] or rounds.labels:
        raise SemisupError("labels come from the embedding or from elsewhere: choose one, or write embedding=network.")


def reads(labeler: Mapping[str, Any]) -> tuple[str, ...]:
    """What a labeler's node wants to know of the images: logits, features."""
    return tuple(getattr(locate(labeler["_target_"]), "reads", ("logits",)))


def embeds_without_a_teacher(config: Config) -> bool:
    """Whether labels come from an embedding that needs no network of this run, and round 0 trains nothing."""
    node = config["embedding"]
    return bool(node) and "source" not in parameters(locate(node["_target_"]))


def is_labeling_only(config: Config) -> bool:
    """Whether the run ends with the labels of an embedding, and trains nothing."""
    return embeds_without_a_teacher(config) and not config["rounds"]["students"]


def round_config(config: Config, number: int) -> Config:
    """The config of one round: the teacher's method in round 0, the students' network in later ones."""
    rounds, seed = Rounds(**config["rounds"]), round_seed(config["seed"], number)
    if number == 0:
        return {**config, "method": config["teacher"] or config["method"]}
    entry = min(number, len(rounds.backbones)) - 1
    where, change = f"rounds.backbones[{entry}]", rounds.backbones[entry] if rounds.backbones else {}
    node = {**({} if "_target_" in change else config["backbone"]), **change}
    target = locate(node["_target_"], f"{where}._target_")
    takes = parameters(target)
    for option, value in (rounds.noise or {}).items():
        if option not in (*takes, *NOISE):
            raise SemisupError(f"there is no option rounds.noise.{option}; {did_you_mean(option, (*takes, *NOISE))}")
        if option in takes and option not in change:
            node[option] = value
    node = completed(where, node, [target], INJECTED_ARGS["backbone"])
    steps = rounds.student_steps or config["trainer"]["max_steps"]
    return {**config, "seed": seed, "backbone": node, "trainer": {**config["trainer"], "max_steps": steps}}


def fine_tuning_config(config: Config, chosen: int, number: int) -> Config:
    """The config of round `number`, which fine-tunes the network of the `chosen` round on the labeled images alone."""
    rounds, last = Rounds(**config["rounds"]), round_config(config, chosen)
    method = {"_target_": "semisup.methods.Supervised"}
    target = locate(method["_target_"])
    optimizer = {**config["optimizer"], **({"lr": rounds.finetune_lr} if rounds.finetune_lr else {})}
    trainer = {**config["trainer"], "max_steps": rounds.finetune_steps}
    return {
        **last,
        "seed": round_seed(config["seed"], number),
        "method": completed("method", method, [target], INJECTED_ARGS["method"]),
        "optimizer": optimizer,
        "trainer": trainer,
    }


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


def run_identity(config: Config) -> Config:
    """The config without where and on what the run happens, and without what changes no number of it."""
    kept = {key: value for key, value in config.items() if key not in LOCATION_KEYS}
    for node, options in NO_NUMBER.items():
        if kept.get(node):
            kept[node] = {key: value for key, value in kept[node].items() if key not in options}
    return kept


def folder(config: Config) -> Path:
    """The run's folder: readable parts, and a hash of everything that makes the run what it is."""
    digest = hashlib.sha256(json.dumps(run_identity(config), sort_keys=True, default=str).encode()).hexdigest()[:8]
    data = config["data"]
    source = data.get("name") or Path(str(data.get("path") or snake_case(data["_target_"]))).stem
    labels = str(data["labels"]).replace("/", "-per-")
    parts = (source, labels, _kind(config["method"]), _kind(config["backbone"]), f"seed{config['seed']}", digest)
    return Path(config["runs_dir"]) / "-".join(str(part) for part in parts)


def load_source(config: Config) -> Any:
    """The store that the config's data node names."""
    source = locate(config["data"]["_target_"])
    return source(data_dir=Path(config["data_dir"]).expanduser(), **select_kwargs(config["data"], source))


def load_data(config: Config, store: Any, split: Split | None = None) -> SSLDataModule:
    """The data module that the config asks for. split: of an earlier round, instead of drawing one."""
    sizes = {"batch_size": config["batch"]["labeled"], "ratio": config["batch"]["ratio"]}
    return SSLDataModule(
        store, **select_kwargs(config["data"], SSLDataModule), **sizes, seed=config["seed"], split=split
    )


def build(node: Mapping[str, Any], **given: Any) -> Any:
    """Calls a completed node's target with its values and with what the program supplies."""
    return locate(node["_target_"])(**{k: v for k, v in node.items() if k != "_target_"}, **given)


def build_network(config: Config, store: Any) -> Backbone:
    """A fresh network for the store's images and classes."""
    network: Backbone = build(config["backbone"], shape=store.shape, classes=len(store.classes))
    return network


def select_kwargs(node: Mapping[str, Any], target: Callable[..., Any]) -> dict[str, Any]:
    """The values of a node shared by two targets that belong to this one."""
    return {key: value for key, value in node.items() if key in parameters(target)}


def snake_case(target: str) -> str:
    """The short name of a class or function: semisup.models.backbones.SmallCNN is small_cnn."""
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
