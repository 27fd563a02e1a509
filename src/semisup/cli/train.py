"""`semisup train`: from the words of the command line to a run, or with -m to a sweep, and to the run's page."""

import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from semisup.cli.overrides import CONF, GROUPS, group_choices, quote_overrides, sentence
from semisup.core.errors import SemisupError, exit_code
from semisup.core.signals import signals_raise

Config = dict[str, Any]


def main(
    arguments: Sequence[str] | None = None,
    *,
    name: str = "train",
    implied: Sequence[str] = (),
    check: Callable[[Config], None] | None = None,
) -> int:
    """Trains what the command line asks for.

    Args:
        arguments: The words after the command's name; None = those after the program's.
        name: The command's name.
        implied: Overrides that come before those of the command line.
        check: Raises SemisupError for a composed config that the command is not for.

    Returns:
        The exit status.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if {"-h", "--help"} & set(words):
        return exit_code(lambda: print(help_text(words)))
    with signals_raise():
        return exit_code(lambda: _start(_Command(name, words, list(implied), check)))


def help_text(words: Sequence[str] = ()) -> str:
    """The help of a training, which conf/train.yaml holds. It needs Hydra for choices of one's own only, and is quick.

    Args:
        words: The words beside --help: where to search for such choices.

    Returns:
        The text, with the choices of each group.
    """
    import yaml

    template: str = yaml.safe_load((CONF / "train.yaml").read_text(encoding="utf-8"))["hydra"]["help"]["template"]
    choices = {group: sorted(file.stem for file in (CONF / group).glob("*.yaml")) for group in GROUPS}
    if len(words) > 1:
        _, overrides = _parse(_Command("train", list(words), [], None))
        choices = group_choices([word for word in overrides if word.startswith("hydra.searchpath=")])
    groups = [f"{group}: {', '.join(names)}" for group, names in choices.items()]
    return template.replace("$APP_CONFIG_GROUPS", "\n".join(groups) + "\n").rstrip()


@dataclass
class _Command:
    """What was typed."""

    name: str
    words: list[str]
    implied: list[str]
    check: Callable[[Config], None] | None


class _JobFailed(SemisupError):
    """A job of a sweep has failed, and its sentence is on stderr."""


def _start(command: _Command) -> None:
    """Hands the words to Hydra, which calls the job once, or in a sweep for each combination."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf import DictConfig
    from omegaconf.errors import OmegaConfBaseException

    os.environ["HYDRA_FULL_ERROR"] = "1"  # makes Hydra raise, so that the sentence is ours
    sys.path.append(os.getcwd())  # a package of your own is found in the folder you start from
    flags, overrides = _parse(command)
    shows = flags.pop("cfg", None) == "job"
    package = flags.pop("package", None) if shows else None
    door = _door(command.words)

    def job(config: DictConfig) -> float | None:
        if not shows:
            return _job(config, command, door)
        if status := exit_code(lambda: _print_config(config, command, package)):
            sys.exit(status)  # which is no Exception, so that Hydra lets it pass
        return None

    prepared = quote_overrides([*command.implied, *overrides], sweep="multirun" in flags)
    with tempfile.TemporaryDirectory() as empty:
        if shows:
            prepared.append(f"hydra.sweep.dir={empty}")  # where Hydra writes of a sweep
        options = [f"--{key.replace('_', '-')}{'' if value is True else f'={value}'}" for key, value in flags.items()]
        with _argv([sys.argv[0], *options, *prepared]):
            try:
                hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")(job)()
            except _JobFailed as error:
                raise SemisupError("the sweep is not complete; run it again for what is missing.") from error
            except (HydraException, OmegaConfBaseException) as error:
                raise SemisupError(sentence(error)) from error


def _parse(command: _Command) -> tuple[dict[str, Any], list[str]]:
    """Hydra's flags, which may stand anywhere, and the overrides."""
    from hydra._internal.utils import get_args_parser

    def refuse(message: str) -> NoReturn:
        raise SemisupError(f"{message}; semisup {command.name} takes options as key=value, such as seed=0.")

    parser = get_args_parser()
    parser.error = refuse  # type: ignore[method-assign]
    given = {key: value for key, value in vars(parser.parse_intermixed_args(command.words)).items() if value}
    overrides: list[str] = given.pop("overrides", [])
    if folder := given.pop("config_dir", None):
        if not Path(folder).is_dir():
            raise SemisupError(f"--config-dir {folder} is not a folder.")
        overrides.insert(0, f"hydra.searchpath=['file://{Path(folder).resolve()}']")
    return given, overrides


def _door(words: list[str]) -> list[str]:
    """The command line before the words: the program, and maybe the name of the subcommand."""
    count = len(sys.argv) - len(words)
    return sys.argv[:count] if sys.argv[count:] == words else sys.argv[:1]


def _job(config: Any, command: _Command, door: list[str]) -> float | None:
    """One run. In a sweep, the other jobs go on after one has failed."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    hydra_config, line = HydraConfig.get(), command.words
    sweeps = hydra_config.mode == RunMode.MULTIRUN
    own = [word for word in hydra_config.overrides.hydra if "hydra.searchpath" in word] + [*hydra_config.overrides.task]
    if sweeps:
        line = [word.removeprefix("++") for word in own if word not in command.implied]
    note = f" (The job was {' '.join(line)})" if sweeps else ""
    error_rates: list[float | None] = []
    with _argv([*door, *own]):  # which processes that Lightning starts repeat
        typed = shlex.join(["semisup", command.name, *line])
        status = exit_code(lambda: error_rates.append(_train(config, command, typed, sweeps)), note)
    if status == 1 and sweeps:
        raise _JobFailed
    if status:  # a signal ends the whole sweep
        sys.exit(status)
    return error_rates[0]


def _train(config: Any, command: _Command, typed: str, brief: bool) -> float | None:
    """Trains and writes the page. Returns the validation error, which a sweeper minimizes unless told otherwise."""
    values = _checked(config, command)
    from semisup.config.identity import run_folder
    from semisup.config.resolve import complete
    from semisup.core.distributed import rank
    from semisup.runs.console import terminal
    from semisup.runs.run import run

    console = terminal(quiet=rank() != 0)
    place = run_folder(complete(values))
    is_new = values["overwrite"] or not (place / "result.json").exists()
    result = run(values, console, command=typed, brief=brief)
    if rank() == 0 and (is_new or not (place / "report.html").exists()):
        write_page(place, values, console)
    return 1 - result["validation"]["accuracy"] if result.get("validation") else None


def _checked(config: Any, command: _Command) -> Config:
    from omegaconf import OmegaConf

    values: Any = OmegaConf.to_container(config, resolve=True)
    if command.check:
        command.check(values)
    return dict(values)


def write_page(place: Path, config: Config, console: Any) -> None:
    """Writes the page and the figures of a run. Its result is on disk by now: what fails here costs the page alone.

    Args:
        place: The run's folder.
        config: The run's.
        console: Gets the path of the page, or a warning.
    """
    from rich.text import Text

    from semisup.reports import write_report
    from semisup.runs.trusted import named_packages

    try:
        page = write_report(place, data_dir=config["data_dir"], allow=named_packages(config))
        console.print(Text.assemble(("page", "bold"), f" {page}"), soft_wrap=True)
    except Exception as error:  # whatever it is, hours of training are done and must not end as a failure
        reason = f"{type(error).__name__}: {error}".rstrip(".")
        again = shlex.join(["semisup", "report", str(place)])
        sentence = f" the page was not written ({reason}); {again} tries again."
        console.print(Text.assemble(("warning", "bold yellow"), sentence), soft_wrap=True)


def _print_config(config: Any, command: _Command, package: str | None) -> None:
    """Prints the completed config, or a part of it such as data."""
    import yaml
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    values = _checked(config, command)
    from semisup.config.resolve import complete

    shown: Any = complete(values)
    for key in package.split(".") if package else ():
        if not isinstance(shown, dict) or key not in shown:
            raise SemisupError(f"there is no {package} in the config.")
        shown = shown[key]
    separator = "---\n" if HydraConfig.get().mode == RunMode.MULTIRUN else ""
    print(separator + yaml.safe_dump(shown, sort_keys=False, allow_unicode=True), end="")


@contextmanager
def _argv(words: list[str]) -> Iterator[None]:
    before = sys.argv
    sys.argv = words
    try:
        yield
    finally:
        sys.argv = before


if __name__ == "__main__":
    sys.exit(main())
