"""The command line: from `python train.py method=...` to a config, with mistakes answered in one sentence.

Nothing heavy is imported here, so that --help answers at once.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from semisup.errors import SemisupError, nearest

_HERE = Path(__file__).resolve().parent
CONF = _HERE / "conf" if (_HERE / "conf").is_dir() else _HERE.parents[1] / "conf"  # in a wheel, or in a checkout


def main() -> None:
    """What train.py and semisup-train run."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # makes Hydra raise, so that the sentence below is ours
    arguments = sys.argv
    sys.argv = [arguments[0], *map(admit, arguments[1:])]
    failed: list[SemisupError] = []

    def job(config: DictConfig) -> float | None:
        try:
            return task(config)
        except SemisupError as error:
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                raise  # Hydra stops the sweep and says which job it was
            failed.append(error)
            return None

    try:
        hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")(job)()
    except SemisupError as error:
        failed.append(error)
    except (HydraException, OmegaConfBaseException) as error:
        failed.append(SemisupError(sentence(error)))
    if failed:
        print(f"semisup: {failed[0]}", file=sys.stderr)
        sys.exit(failed[0].exit_status)


def task(config: DictConfig) -> float | None:
    """One run. Returns the validation accuracy, which is what a sweeper may optimize."""
    values: Any = OmegaConf.to_container(config, resolve=True)
    with _own_arguments():
        from semisup.run import run

        result = run(values)
    return result["validation"]["accuracy"] if result.get("validation") else None


def admit(argument: str) -> str:
    """Lets `method.threshold=.9` through Hydra although the YAML does not name it: the signature decides, later."""
    groups = "|".join(folder.name for folder in CONF.iterdir() if folder.is_dir())
    return f"++{argument}" if re.match(rf"({groups})\.[\w.]+=", argument) else argument


def sentence(error: Exception) -> str:
    """What Hydra found wrong, in one sentence that names the nearest valid name."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        return f"there is no {group}={name}; {nearest(name, error.options or [])}"
    cause = error.__cause__ if isinstance(error, ConfigCompositionException) and error.__cause__ else error
    parent = getattr(cause, "parent_node", None)
    if isinstance(parent, DictConfig) and getattr(cause, "full_key", ""):
        return f"there is no option {cause.full_key}; {nearest(cause.key, parent)}"  # type: ignore[attr-defined]
    return " ".join(str(error).split())


@contextmanager
def _own_arguments() -> Iterator[None]:
    """During one job of a sweep, the command line is that job's: processes that Lightning starts repeat it."""
    arguments = sys.argv
    if HydraConfig.initialized():
        sys.argv = [arguments[0], *HydraConfig.get().overrides.task]
    try:
        yield
    finally:
        sys.argv = arguments


if __name__ == "__main__":
    main()
