"""Short names for configs: the options in which they differ."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from semisup.config import Config
from semisup.config.identity import short_name

_LABELS = "data.labels"
_MOST_WORDS = 3  # of a short name, beside the method


def full_names(configs: Sequence[Config]) -> list[str]:
    """A name for each config, as in `method=pseudo_label threshold=0.95, batch ratio=3`: what not all configs share.

    A node is named with its key if its class differs or some config has none, as in `teacher=fixmatch` beside
    `teacher=null`; if only its options differ, by its class alone.

    Args:
        configs: The configs.

    Returns:
        Different names for different configs; a single config is named by its method.
    """
    parts = [[_part(key, config, configs) for key in sorted(config, key="method".__ne__)] for config in configs]
    alike = f"method={_names('method', configs)[configs[0]['method']['_target_']]}"
    return [", ".join(filter(None, part)) or alike for part in parts]


def words(name: str) -> set[str]:
    """The words of a name, whatever their order.

    Args:
        name: As from `full_names`.

    Returns:
        The words.
    """
    return set(name.replace(", ", " ").split())


def short_names(full: Sequence[str]) -> list[str]:
    """Names short enough for a chart: the method, and what differs from others of that method.

    If that takes more than a few words, or is ambiguous, the names of the method are numbered: `supervised 1`,
    `supervised 2`.

    Args:
        full: As from `full_names`; equal names get equal short names.

    Returns:
        A short name for each.
    """
    alike: dict[str, dict[str, list[str]]] = defaultdict(dict)  # by the first word, the method where methods differ
    for label in full:
        head, *rest = label.replace(", ", " ").split()
        alike[head][label] = rest
    short: dict[str, str] = {}
    for head, rests in alike.items():
        common = set.intersection(*map(set, rests.values()))
        telling = [" ".join(word for word in rest if word not in common) for rest in rests.values()]
        if len(set(telling)) < len(telling) or max(text.count(" ") for text in telling) >= _MOST_WORDS:
            telling = [str(number) for number in range(1, len(rests) + 1)]
        names = (f"{head.removeprefix('method=')} {text}".rstrip() for text in telling)
        short |= dict(zip(rests, names, strict=True))
    return [short[label] for label in full]


def following(configs: Sequence[Config]) -> list[str]:
    """The options that follow the number of labels, such as `trainer.max_steps` if a run takes fifty passes.

    An option follows if its values differ between numbers of labels within a method, and the number of labels and the
    other options determine it. Configs that are equal without these options differ in their labels alone.

    Args:
        configs: The configs.

    Returns:
        The paths of the options.
    """
    flat = [{path: json.dumps(value) for path, value in leaves(config)} for config in configs]
    paths = sorted({path for one in flat for path in one} - {_LABELS, "method._target_"})
    moving = [path for path in paths if _moves(path, flat)]
    found = []
    for path in moving:
        values = defaultdict(set)
        for one in flat:
            values[tuple(one.get(key) for key in ("method._target_", _LABELS, *paths) if key not in moving)].add(
                one.get(path)
            )
        if all(len(seen) == 1 for seen in values.values()):
            found.append(path)
    return found


def without(config: Config, paths: Collection[str]) -> Config:
    """A config without some of its options.

    Args:
        config: The config.
        paths: The options, as in `trainer.max_steps`.

    Returns:
        A copy of the config.
    """
    kept = {}
    for key, value in config.items():
        inside = {path.partition(".")[2] for path in paths if path.startswith(f"{key}.")}
        if key not in paths:
            kept[key] = without(value, inside) if inside and isinstance(value, dict) else value
    return kept


def _moves(path: str, flat: Sequence[dict[str, str]]) -> bool:
    """Whether, within some method, an option has other values at one number of labels than at another."""
    values: dict[Any, dict[Any, set[Any]]] = defaultdict(lambda: defaultdict(set))
    for one in flat:
        values[one.get("method._target_")][one.get(_LABELS)].add(one.get(path))
    return any(len({frozenset(seen) for seen in by_labels.values()}) > 1 for by_labels in values.values())


def leaves(config: Config, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The options of a config by their path.

    Args:
        config: The config.
        prefix: What comes before each path.

    Yields:
        A path, as in `method.ema`, and the option's value.
    """
    for key, value in config.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _part(key: str, config: Config, configs: Sequence[Config]) -> str:
    """What a top-level key adds to a config's label; nothing where all configs agree."""
    value = config[key]
    if not isinstance(value, dict):
        return f"{key}={spelled(value)}" if any(other.get(key) != value for other in configs) else ""
    names, nodes = _names(key, configs), _nodes(key, configs)
    options = [
        f"{name}={spelled(value[name])}" for name in value if name != "_target_" and _differs(name, value, nodes)
    ]
    name = names[value.get("_target_", key)]
    lacking = "_target_" in value and len(nodes) < len(configs)
    head = [f"{key}={name}"] if len(names) > 1 or lacking else [name] if options else []
    return " ".join([*head, *options])


def _differs(name: str, node: Config, others: Iterable[Config]) -> bool:
    """Whether an option of a node has another value elsewhere, or is missing in a node of the same class."""
    return any(
        other[name] != node[name] if name in other else other.get("_target_") == node.get("_target_")
        for other in others
    )


def _names(key: str, configs: Sequence[Config]) -> dict[str, str]:
    """Short names of the classes that a key has: PseudoLabel is pseudo_label, the full path if two are equal."""
    targets = {node.get("_target_", key) for node in _nodes(key, configs)}
    names = {target: short_name(target) for target in targets}
    return names if len(set(names.values())) == len(names) else {target: target for target in targets}


def _nodes(key: str, configs: Sequence[Config]) -> list[Config]:
    return [config[key] for config in configs if isinstance(config.get(key), dict)]


def spelled(value: Any) -> str:
    """A value as a command line has it.

    Args:
        value: A string, or what JSON can hold.

    Returns:
        The text.
    """
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
