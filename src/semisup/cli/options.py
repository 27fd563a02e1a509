"""`semisup options`: what a choice takes, read from the signature and the docstring of its class or function."""

import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from semisup.cli.docstrings import described_arguments, introduction
from semisup.cli.overrides import GROUPS, compose, group_choices, node_targets
from semisup.core.errors import SemisupError, did_you_mean, exit_code

HELP = """List the options of what a training can be made of: type, range, default and meaning.

  semisup options                          the groups, and what can be chosen in each
  semisup options method=fixmatch          the options method.*
  semisup options data=folder backbone=mlp trainer
  semisup options 'hydra.searchpath=[file://my_conf]' method=mine

  rounds, batch and settings (seed, data_dir, ...) have options and no choice. Other words of a training may stand
  beside them: the defaults shown are those that hold with them, such as with experiment=NAME.
"""
_PLAIN_SECTIONS = ("batch", "rounds", "settings")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the options that the command line asks for.

    Args:
        arguments: The words after the command's name; None = those after the program's.

    Returns:
        The exit status.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if {"-h", "--help"} & set(words):
        return exit_code(lambda: print(HELP))
    sys.path.append(os.getcwd())  # a package of your own is found in the folder you start from
    return exit_code(lambda: _show(words))


def _show(words: Sequence[str]) -> None:
    overrides = [word for word in words if "=" in word]
    search = [word for word in overrides if word.startswith("hydra.searchpath=")]
    if len(search) == len(words):
        for group, choices in group_choices(search).items():
            print(f"{group}: {', '.join(choices)}")
        print(f"{', '.join(_PLAIN_SECTIONS)}: options without a choice")
        print("\nsemisup options GROUP=CHOICE lists the options of a choice.")
        return
    config = compose(overrides)
    targets = {node or "settings": found for node, found in node_targets(config).items()}
    sections = dict.fromkeys(_section(word) for word in words if word not in search and "experiment=" not in word)
    for section in sections or targets:
        if section not in targets:
            known = [*targets, *GROUPS]
            hint = f"write {section}=NAME." if section in known else did_you_mean(section, known)
            raise SemisupError(f"there is no choice of {section} to describe; {hint}")
        _print_section(section, config if section == "settings" else config.get(section) or {}, targets[section])


def _section(word: str) -> str:
    """The part of a config that a word is about: method of method=fixmatch, teacher of method@teacher=fixmatch."""
    key = word.lstrip("+").partition("=")[0]
    node = key.partition("@")[2] or key.partition(".")[0]
    is_setting = (
        "=" in word and node not in GROUPS and node not in _PLAIN_SECTIONS and "@" not in key and "." not in key
    )
    return "settings" if is_setting else node


def _print_section(section: str, values: Mapping[str, Any], targets: Sequence[Callable[..., Any]]) -> None:
    """A table: option, default, what it takes, and what it is."""
    from rich.console import Console
    from rich.table import Table

    from semisup.config.nodes import INJECTED_ARGS
    from semisup.core.ranges import describe
    from semisup.core.schema import parameters

    table = Table(box=None, padding=(0, 2, 0, 0), title_justify="left", pad_edge=False)
    for column in ("option", "default", "takes", ""):
        table.add_column(column, overflow="fold", no_wrap=column == "option")
    prefix = "" if section == "settings" else f"{section}."
    shown = set(INJECTED_ARGS.get(section, ()))
    for target in targets:
        texts = described_arguments(target)
        for name, parameter in parameters(target).items():
            if name not in shown:
                shown.add(name)
                default = _default(values.get(name, parameter.default))
                table.add_row(f"{prefix}{name}", default, describe(parameter.annotation), texts.get(name, ""))
    summary, name = introduction(targets[0]).partition("\n")[0], getattr(targets[0], "__name__", "")
    title = summary if summary.startswith(f"{name}: ") or "_target_" not in values else f"{name}: {summary}"
    console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else 140)
    console.print(f"{section} = {title}" if "_target_" in values else f"{section}: {title}")
    console.print(table if table.row_count else "It has no options.")
    console.print()


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty or value == "???":
        return "required"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"[{', '.join(map(_default, value))}]" if isinstance(value, list | tuple) else str(value)


if __name__ == "__main__":
    sys.exit(main())
