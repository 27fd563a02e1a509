"""The command `semisup`: it finds the subcommand, which imports what it needs."""

import importlib
import sys
from collections.abc import Sequence

from semisup.core.errors import SemisupError, did_you_mean, exit_code

# Name: module, and what the subcommand does.
SUBCOMMANDS = {
    "auto": ("auto", "find the method that labels your images best, by cross-validation, and label them"),
    "train": ("train", "train networks: one run, or with -m a sweep"),
    "predict": ("predict", "label images, or the rows of a table, with a finished run"),
    "compare": ("compare", "compare finished runs: means over seeds, and differences to a baseline"),
    "report": ("report", "write the page and the figures of finished runs again"),
    "cluster": ("cluster", "cluster without a training, and measure the clusters as labels"),
    "import": ("import_data", "import images in class folders as a data set with a name"),
    "export": ("export", "write a run's network as ONNX, torch.export or safetensors"),
    "options": ("options", "list the options of a method, data set, backbone, ..."),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one subcommand.

    Args:
        arguments: The words after `semisup`; None = those of the command line.

    Returns:
        The exit status: 0, 1 for a mistake, 130 for Ctrl-C.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    status = [0]
    return exit_code(lambda: status.append(_dispatch(words))) or status[-1]


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(_help())
        return 0
    name, *rest = words
    if name == "--version":
        from semisup import __version__

        print(f"semisup {__version__}")
        return 0
    if name not in SUBCOMMANDS:
        hint = "write semisup train " + name if "=" in name else did_you_mean(name, SUBCOMMANDS).rstrip(".")
        raise SemisupError(f"there is no command '{name}'; {hint}{'' if hint.endswith('?') else '.'}")
    status: int = importlib.import_module(f"semisup.cli.{SUBCOMMANDS[name][0]}").main(rest)
    return status


def _help() -> str:
    lines = (f"  {name:<9} {line}" for name, (_, line) in SUBCOMMANDS.items())
    return "\n".join(
        [
            "Semi-supervised image classification: few labels, many unlabeled images.",
            "\n  semisup COMMAND key=value ...\n",
            *lines,
            "\nsemisup COMMAND --help describes a command.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
