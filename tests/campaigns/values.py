"""Values: each option of each choice of the config is given values that it may not like."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from semisup.cli.overrides import GROUPS, compose, group_choices
from semisup.config.resolve import complete
from semisup.core.errors import SemisupError
from tests.campaigns.attempt import Case, drawn

VALUES: tuple[Any, ...] = (
    *(-1, 0, 0.5, 1, 10**30, -1e-9, 1e400, float("nan"), "", "x", "x" * 5000, "é\n\x00", "null", "../..", "~nobody"),
    *([], [0], ["x", None], [[]], {}, {"a": 1}, {"_target_": "os.getcwd"}, None, True, False),
)


def cases(workspace: Path, most: int | None) -> Iterator[Case]:
    """Every group, choice, option and value."""
    tried = []
    choices = [(group, name) for group, names in group_choices(()).items() if group in GROUPS for name in names]
    for group, name in drawn(choices, most and most // 50):
        try:
            full = complete(compose([f"{group}={name}"]))
        except SemisupError:  # a choice that needs another one, such as a path
            continue
        tried += [(full, group, option, name) for option in full.get(group) or {} if option != "_target_"]
    plain = complete(compose([]))
    tried += [(plain, "", option, "settings") for option in ("seed", "tune", "overwrite", "data_dir", "allow")]
    tried += [(plain, node, option, node) for node in ("batch", "rounds") for option in plain[node]]
    pairs = [(place, value) for place in tried for value in VALUES]
    for (full, node, option, name), value in drawn(pairs, most):
        yield f"{node}={name} {option}={value!r:.30}", lambda f=full, n=node, o=option, v=value: _tried(f, n, o, v)


def _tried(full: dict[str, Any], node: str, option: str, value: Any) -> str | None:
    config = {**full, node: {**full[node], option: value}} if node else {**full, option: value}
    try:
        complete(config)
    except SemisupError as error:
        text = str(error)
        return "an empty sentence" if not text.strip() else "a sentence of many lines" if "\n" in text[:200] else None
    except Exception as error:  # whatever it is, it is what we look for
        return f"traceback: {type(error).__name__}: {error}"
    return None
