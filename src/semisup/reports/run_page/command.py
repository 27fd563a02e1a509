"""How a run's config differs from the defaults, and the command line that repeats the run."""

import inspect
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from semisup.cli.train import CONF, quote_override
from semisup.config.resolve import INJECTED_ARGS, Config, batch_sizes
from semisup.config.rounds import Rounds
from semisup.core.schema import locate, parameters
from semisup.data import SSLDataModule

# Where each group's choice stands in a config; `method` decides what others are unless told, so it comes first.
NODES = {group: group for group in ("method", "data", "backbone", "optimizer", "trainer", "logger")}
NODES |= {"labeler": "labeler", "embedding": "embedding", "method@teacher": "teacher"}
PLAIN: dict[str, Callable[..., Any]] = {"batch": batch_sizes, "rounds": Rounds}
NOT_SAID = ("overwrite",)  # says when a run happens, and not what it is


@dataclass(frozen=True)
class Change:
    """An option with its value and what it would have been, all as a command line has them."""

    option: str
    value: str
    default: str

    @property
    def word(self) -> str:
        return shlex.quote(f"{self.option}={self.value}")


def command(changes: Iterable[Change]) -> str:
    """The command line that repeats a run."""
    return " ".join(["python train.py", *(change.word for change in changes)])


def changes(config: Config) -> list[Change]:
    """What a command line has to say for a run to have this config: choices first, then options.

    config: complete, as in config.yaml. Options that the config lacks, as one of an earlier version does, are left
    out. An option's default is that of the choices made.
    """
    chosen: list[Change] = []
    base = _composed()
    for group, node in NODES.items():
        name, default = (_choice(group, values.get(node)) for values in (config, base))
        if name and name != default:
            chosen.append(Change(group, name, default or "your own"))
            base = _composed(*(change.word for change in chosen))
    return chosen + [change for key in config if key not in NOT_SAID for change in _differences(key, config, base)]


def literal(value: Any) -> str:
    """A value as Hydra reads it on a command line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{key}:{literal(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(literal, value))}]"
    if not isinstance(value, str):
        return repr(value)
    if re.fullmatch(r"[\w/.+%@-]+", value) and not _reads_as_something_else(value):
        return value
    return "'{}'".format(value.replace("'", r"\'"))


def _reads_as_something_else(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text.lower() in ("null", "true", "false")
    return True


@cache
def _composed(*words: str) -> Config:
    """The config of train.py with these choices."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from omegaconf import OmegaConf

    overrides = [quote_override(shlex.split(word)[0]) for word in words]
    outer = GlobalHydra.instance()
    running, outer.hydra = outer.hydra, None  # we may be within a program of Hydra's, which has but one place for this
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            values: Any = OmegaConf.to_container(compose("train", overrides), resolve=True)
    finally:
        GlobalHydra.instance().hydra = running
    return dict(values)


def _choice(group: str, node: Config | None) -> str | None:
    """The YAML of a group that is nearest to a node; `null` for none, None for a class that no YAML names."""
    if node is None:
        return "null"
    folder, nearness = CONF / group.partition("@")[0], {}
    for file in sorted(folder.glob("*.yaml")):
        values = _node(file)
        if values.get("_target_") == node["_target_"]:
            agreements = [node[key] == value for key, value in values.items() if key in node and value != "???"]
            nearness[file.stem] = 2 * sum(agreements) - len(agreements)
    return max(nearness, key=nearness.__getitem__) if nearness else None


def _node(file: Path) -> Config:
    values: Config = yaml.safe_load(file.read_text())
    inner: Config = values.get(file.parent.name, values)  # what is beside it in a _global_ file
    return inner


def _differences(key: str, config: Config, base: Config) -> list[Change]:
    """The options of a top-level key that are not what the choices made of them."""
    value, default = config[key], base.get(key)
    if not isinstance(value, dict):
        same = value == default or value is None
        return [] if same else [Change(key, literal(value), literal(default))]
    defaults = _defaults(key, value, default or {})
    return [
        Change(f"{key}.{option}", literal(setting), _default(defaults.get(option, inspect.Parameter.empty)))
        for option, setting in value.items()
        if not _same(setting, defaults.get(option, inspect.Parameter.empty))
    ]


def _defaults(key: str, value: Config, base: Config) -> Config:
    """What the options of a node are without being told: as the YAML has it, or else the signature."""
    target = PLAIN.get(key) or locate(value["_target_"])
    targets = [SSLDataModule, target] if key == "data" else [target]
    given = INJECTED_ARGS.get(key, ())
    known = {n: p.default for t in targets for n, p in parameters(t).items() if n not in given}
    return {**known, **base}


def _same(value: Any, default: Any) -> bool:
    return bool(value == (list(default) if isinstance(default, tuple) else default))


def _default(value: Any) -> str:
    return "must be given" if value is inspect.Parameter.empty or value == "???" else literal(value)
