"""`semisup auto`: from the words of the command line to the candidates, and to the job that compares them."""

import shlex
import sys
from collections.abc import Sequence
from typing import Any

from semisup.cli.arguments import help_text, read_options
from semisup.cli.overrides import compose
from semisup.cli.train import write_page
from semisup.core.errors import SemisupError, exit_code
from semisup.core.ranges import PositiveInt

# The simplest first. Each is conf/experiment/frozen_NAME.yaml, which `semisup train` takes, too.
CANDIDATES = (
    "supervised",
    "logistic",
    "pseudo_label",
    "fixmatch",
    "curriculum",
    "propagation",
    "mixture",
    "vote",
    "average",
)
AVERAGE = "average"
_OWN = ("candidates", "folds", "repeats")


def main(arguments: Sequence[str] | None = None) -> int:
    """Does the job that the command line asks for.

    Args:
        arguments: The words after the command's name; None = those after the program's.

    Returns:
        The exit status.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or {"-h", "--help"} & set(words):
        return exit_code(lambda: print(help_text(auto)))
    return exit_code(lambda: _start(words))


def auto(candidates: Sequence[str] = CANDIDATES, folds: PositiveInt = 5, repeats: PositiveInt = 2) -> None:
    """Find the method that labels your images best, and label them.

      semisup auto data=folder data.path=photos

    Embeds the images once by a frozen pretrained network, compares methods by cross-validation on the labeled images,
    averages those that do not fall behind, trains on all labels, and labels the others. The run's folder is as that of
    semisup train: predict, report and export take it. The same command continues after an interruption.

    All options of semisup train can be given: data, embedding, seed, data_dir, runs_dir, trainer.max_steps, ...

    Args:
        candidates: Experiments of conf/experiment, without frozen_; the labels alone first, then the simplest; average
            is the mean of the others.
        folds: Of each repeat of the cross-validation.
        repeats: How often the labeled images are dealt out to folds.
    """


def compose_candidates(words: Sequence[str], names: Sequence[str] = CANDIDATES) -> dict[str, dict[str, Any]]:
    """Composes the configs of candidates.

    Args:
        words: Options of a training, as typed.
        names: Experiments, without frozen_.

    Returns:
        A config for each name. Images of class folders are imported at the size that the network sees.

    Raises:
        SemisupError: For an option or a candidate that does not exist.
    """
    for word in words:
        if word.partition("=")[0] in ("experiment", "method", "backbone", "labeler", "rounds.students"):
            raise SemisupError(f"{word}: auto chooses that itself; candidates=[...] says among which.")
    found = {}
    for name in names:
        implied = [f"experiment=frozen_{name}", "data.validation=0"]
        if name == AVERAGE:
            implied.append(f"rounds.labels={AVERAGE}.parquet")  # auto makes it
        config = compose([*implied, *words])
        if config["data"]["_target_"] == "semisup.data.sources.folder" and "size" not in config["data"]:
            config["data"]["size"] = config["embedding"].get("size") or 224
        found[name] = config
    return found


def _start(words: list[str]) -> None:
    own = [word for word in words if word.partition("=")[0].lstrip("-") in _OWN]
    options = read_options([one for word in own for one in _listed(word)], auto)
    from rich.console import Console

    names = options.pop("candidates")
    configs = compose_candidates([word for word in words if word not in own], names)

    from semisup.auto import AutoOptions, run_auto

    console = Console()
    folder, _ = run_auto(configs, AutoOptions(**options), console, shlex.join(["semisup", "auto", *words]))
    if not (folder / "report.html").exists():
        write_page(folder, configs[names[0]], console)


def _listed(word: str) -> list[str]:
    """candidates=[a,b] as candidates=a candidates=b."""
    key, _, value = word.partition("=")
    return [f"{key}={one.strip()}" for one in value.strip("[]").split(",")] if "," in value else [word]


if __name__ == "__main__":
    sys.exit(main())
