"""The command line: from `python train.py method=...` to a config, with mistakes answered in one sentence.

Nothing heavy is imported here, so that --help answers at once.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from semisup.core.errors import SemisupError, did_you_mean

_PACKAGE = Path(__file__).resolve().parents[1]
CONF = (
    _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parents[1] / "conf"
)  # in a wheel, or in a checkout


def main(*implied: str, check: Callable[[dict[str, Any]], None] | None = None) -> None:
    """What train.py and semisup-train run.

    implied: options that come before those of the command line. check: raises SemisupError for a config that a program
    is not for.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # makes Hydra raise, so that the sentence below is ours
    given = sorted(sys.argv[1:], key=lambda word: word not in ("-m", "--multirun"))  # which may stand anywhere
    first = next((i for i, word in enumerate(given) if "=" in word and word[0] != "-"), len(given))
    given[first:first] = implied  # argparse takes options that stand together, after -m or before
    try:
        sys.argv = [sys.argv[0], *map(quote_override, given)]
    except SemisupError as error:
        exit_with_error(error)
    sys.path.append(os.getcwd())  # a package of your own is found in the folder you start from

    def checked(config: DictConfig) -> float | None:
        return job(config, check)

    try:
        hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")(checked)()
        sys.stdout.flush()
    except SemisupError:  # of a job in a sweep, which has said so itself
        exit_with_error(SemisupError("the sweep is not complete; run it again for what is missing."))
    except (HydraException, OmegaConfBaseException) as error:
        exit_with_error(SemisupError(sentence(error)))
    except BrokenPipeError:  # `--help | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def job(config: DictConfig, check: Callable[[dict[str, Any]], None] | None = None) -> float | None:
    """`task`, as Hydra calls it: its errors in one sentence. In a sweep, the other jobs go on after one has failed."""
    try:
        return task(config, check)
    except SemisupError as error:
        if HydraConfig.get().mode != RunMode.MULTIRUN or error.exit_status != 1:  # a signal ends the whole sweep
            exit_with_error(error)
        which = " ".join(override.lstrip("+") for override in HydraConfig.get().overrides.task)
        print(f"semisup: {error} (The job was {which})", file=sys.stderr)
        raise


def task(config: DictConfig, check: Callable[[dict[str, Any]], None] | None = None) -> float | None:
    """One run. Returns the validation error, for a sweeper to minimize, as they all do unless told otherwise."""
    values: Any = OmegaConf.to_container(config, resolve=True)
    if check:
        check(values)
    with _own_arguments():
        from semisup.runs.run import run

        try:
            result = run(values)
        except OSError as error:
            if error.filename is None:
                raise
            raise SemisupError(f"{error.filename}: {error.strerror}.") from error
    return 1 - result["validation"]["accuracy"] if result.get("validation") else None


def exit_with_error(error: SemisupError) -> NoReturn:
    """Ends the program with one sentence. No Exception, so that Hydra lets it pass."""
    print(f"semisup: {error}", file=sys.stderr)
    sys.exit(error.exit_status)


def quote_override(argument: str) -> str:
    """Lets `method.threshold=.9` through Hydra although the YAML does not name it: the signature decides, later.

    And says `labeler=null` as Hydra does: ~labeler. Raises SemisupError for null in a list, which Hydra cannot sweep.
    """
    groups = "|".join(folder.name for folder in CONF.iterdir() if folder.is_dir())
    if nothing := re.fullmatch(rf"((?:{groups})(?:@\w+)?)=null", argument):
        return f"~{nothing[1]}"
    if among := re.fullmatch(rf"((?:{groups})(?:@\w+)?)=(?:.+,)?null(?:,.+)?", argument):
        raise SemisupError(
            f"null cannot stand in a list, as in {argument}: give two commands, one of them with {among[1]}=null."
        )
    return f"++{argument}" if re.match(rf"({groups}|rounds|teacher)\.[\w.]+=", argument) else argument


def sentence(error: Exception) -> str:
    """What Hydra found wrong, in one sentence that names the nearest valid name."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        return f"there is no {group}={name}; {did_you_mean(name, error.options or [])}"
    cause = error.__cause__ if isinstance(error, ConfigCompositionException) and error.__cause__ else error
    parent = getattr(cause, "parent_node", None)
    if isinstance(parent, DictConfig) and getattr(cause, "full_key", None):
        # only OmegaConf's own errors have a full_key, and they have a key, too
        return f"there is no option {cause.full_key}; {did_you_mean(cause.key, parent)}"  # type: ignore[attr-defined]
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
