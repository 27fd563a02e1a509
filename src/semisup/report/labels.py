"""What tells configs apart, in words that a table has room for."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from semisup.config import Config, snake_case


def labels(configs: Sequence[Config]) -> list[str]:
    """A label for each config: what is not the same in all, as in `method=pseudo_label threshold=0.95, batch ratio=3`.

    A node is named with its key where its class differs, and by its class alone where only options do. Configs that
    differ have different labels; a config without others is labeled by its method.
    """
    parts = [[_part(key, config, configs) for key in sorted(config, key="method".__ne__)] for config in configs]
    alike = f"method={_names('method', configs)[configs[0]['method']['_target_']]}"
    return [", ".join(filter(None, part)) or alike for part in parts]


def words(label: str) -> set[str]:
    """The words of a label, whatever their order."""
    return set(label.replace(", ", " ").split())


def _part(key: str, config: Config, configs: Sequence[Config]) -> str:
    """What a top-level key adds to a config's label; nothing where all configs agree."""
    value = config[key]
    if not isinstance(value, dict):
        return f"{key}={_text(value)}" if any(other.get(key) != value for other in configs) else ""
    names, nodes = _names(key, configs), _nodes(key, configs)
    options = [f"{name}={_text(value[name])}" for name in value if name != "_target_" and _differs(name, value, nodes)]
    name = names[value.get("_target_", key)]
    head = [f"{key}={name}"] if len(names) > 1 else [name] if options else []
    return " ".join([*head, *options])


def _differs(name: str, node: Config, others: Iterable[Config]) -> bool:
    """Whether an option of a node has another value elsewhere, or is missing in a node of the same class."""
    return any(
        other[name] != node[name] if name in other else other.get("_target_") == node.get("_target_")
        for other in others
    )


def _names(key: str, configs: Sequence[Config]) -> dict[str, str]:
    """Short names of the classes that a key has: PseudoLabel is pseudo_label; the whole path where two are alike."""
    targets = {node.get("_target_", key) for node in _nodes(key, configs)}
    names = {target: snake_case(target) for target in targets}
    return names if len(set(names.values())) == len(names) else {target: target for target in targets}


def _nodes(key: str, configs: Sequence[Config]) -> list[Config]:
    return [config[key] for config in configs if isinstance(config.get(key), dict)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
