"""What a run's folder may have called: this package, and the packages that the user allows by name.

A folder may come from elsewhere. Each `_target_` of its config.yaml would be imported, and some would be called.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from semisup.config import Config
from semisup.core.errors import SemisupError
from semisup.core.schema import locate
from semisup.data import sources

_OURS = "semisup"


def check_targets(config: Config, file: Path, allow: Iterable[str] = ()) -> Config:
    """Refuses a config that names anything outside this package and the allowed ones. Nothing is imported to find out.

    Args:
        config: As read from the file.
        file: The run's config.yaml, for the message.
        allow: Packages that the user trusts, such as my_package.

    Returns:
        The same config.

    Raises:
        SemisupError: If it names another package, or as a data set what is none.
    """
    allowed = {_OURS, *allow}
    for where, target in _targets(config):
        package = _package(target)
        if package not in allowed:
            raise SemisupError(
                f"{file} names {where}={target}, which is not part of {_OURS}: if you trust that package, write "
                f"allow={package}."
            )
    return config


def check_source(config: Config, file: Path) -> None:
    """Refuses as a data set what is no function that imports one, before it is called.

    Args:
        config: That of a run, which `check_targets` has accepted.
        file: The run's config.yaml, for the message.

    Raises:
        SemisupError: If the data set of the config is another function of this package, or one that an allowed package
            has from elsewhere.
    """
    target = config["data"]["_target_"]
    found, package = locate(target, "data._target_"), _package(target)
    ours = [getattr(sources, name) for name in sources.__all__]
    if not (found in ours if package == _OURS else _package(getattr(found, "__module__", "")) == package):
        raise SemisupError(f"{file} names data._target_={target}, which is not a data set.")


def named_packages(config: Config) -> Sequence[str]:
    """The packages that a user trusts by starting a run.

    Args:
        config: The run's, as the user composed it.

    Returns:
        Those of its `allow`, and those of the classes that it names.
    """
    given = config.get("allow", ())
    return sorted(
        {*([given] if isinstance(given, str) else given), *(_package(target) for _, target in _targets(config))}
    )


def _targets(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Every `_target_` at any depth, with its place in the config."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        place = f"{where}[{key}]" if isinstance(value, list) else f"{where}.{key}" if where else str(key)
        if key == "_target_":
            yield place, item
        else:
            yield from _targets(item, place)


def _package(target: Any) -> str:
    return str(target).partition(".")[0]
