"""Options of a command as key=value, checked against the signature of the function that they are for."""

import inspect
import os
import re
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from semisup.cli.docstrings import described_arguments, introduction
from semisup.core.errors import SemisupError, exit_code

_NAME = r"[a-z][a-z_-]*"
_WORDS = {"null": None, "true": True, "false": False}


def command(
    function: Callable[..., int | None], arguments: Sequence[str] | None = None, positional: Sequence[str] = ()
) -> int:
    """Calls a function with the options of a command line. Its docstring is the help.

    Args:
        function: What the command does; it may return an exit status. Its arguments are the options.
        arguments: The words of the command line; None = those after the program's name.
        positional: Arguments that words without a key are for, in this order.

    Returns:
        The exit status. A user's mistake is one sentence on stderr.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or {"-h", "--help"} & set(arguments):
        return exit_code(lambda: print(help_text(function)))
    sys.path.append(os.getcwd())  # a network of your own is found in the folder you start from, as in a training
    statuses: list[int | None] = []
    status = exit_code(lambda: statuses.append(function(**read_options(arguments, function, positional))))
    return status or statuses[0] or 0


def help_text(function: Callable[..., Any]) -> str:
    """The help of a command.

    Args:
        function: What the command does.

    Returns:
        The docstring, with a line `name=default  description` for each argument.
    """
    texts, lines = described_arguments(function), []
    for name, parameter in inspect.signature(function).parameters.items():
        default = parameter.default
        shown = "..." if default is inspect.Parameter.empty or default is None else str(default)
        if isinstance(default, tuple) and default:
            shown = f"[{','.join(default)}]"
        option = f"{name}={shown.lower() if isinstance(default, bool) else shown}"
        choices = [
            str(choice) for part in (parameter.annotation, *get_args(parameter.annotation)) for choice in _names(part)
        ]
        text = f"{texts.get(name, '')} {'One of: ' + ', '.join(choices) + '.' if choices else ''}".strip()
        lines += textwrap.wrap(text, 110, initial_indent=f"  {option:<22} ", subsequent_indent=" " * 25)
    return "\n".join([introduction(function), "", *lines])


def read_options(
    arguments: Sequence[str], function: Callable[..., Any], positional: Sequence[str] = ()
) -> dict[str, Any]:
    """Reads `key=value`, `--key=value` or `--key value`; `--key` alone, or `key` where it may be true, says true.

    Args:
        arguments: The words of the command line.
        function: What they are for.
        positional: Arguments that words without a key are for, in this order; a list takes all that are left.

    Returns:
        A value for each argument of the function: the one given, or its default. null is None.

    Raises:
        SemisupError: For an unknown option, a value that is empty or of the wrong type, an option that is given twice.
    """
    from semisup.core.schema import completed, parameters  # pydantic, which the help does not need

    kinds = {name: parameter.annotation for name, parameter in parameters(function).items()}
    values: dict[str, Any] = {}
    rest, places = list(arguments), list(positional)
    while rest:
        word = rest.pop(0)
        if found := re.fullmatch(rf"(?:--)?({_NAME})=(.*)", word, re.DOTALL):
            key, value = found[1].replace("-", "_"), found[2]
        elif word.startswith("--"):
            key = word[2:].replace("-", "_")
            is_flag = key not in kinds or _admits(kinds[key], bool)
            value = rest.pop(0) if _is_value(rest, kinds, key) else "true" if is_flag else ""
        elif _admits(kinds.get(word.replace("-", "_")), bool):
            key, value = word.replace("-", "_"), "true"
        elif places and not word.startswith("-"):
            key, value = places[0], word
            if not _is_list(kinds[key]):
                places.pop(0)
        else:
            first = next(iter(kinds))
            raise SemisupError(f"{word} is not an option: write options as key=value, such as {first}=...")
        if not value:
            raise SemisupError(f"{key} has no value.")
        if _is_list(kinds.get(key)):
            values.setdefault(key, []).append(value)
            continue
        if key in values:
            raise SemisupError(f"{key} is given twice.")
        is_word = value == "null" or _admits(kinds.get(key), bool)
        values[key] = _WORDS.get(value, value) if is_word else value
    return completed("", values, [function])


def _is_value(rest: list[str], kinds: Mapping[str, Any], key: str) -> bool:
    """Whether the next word is the value of `--key`, and no option itself."""
    if not rest or rest[0].startswith("--") or rest[0].partition("=")[0].replace("-", "_") in kinds:
        return False
    return kinds.get(key) is not bool or rest[0] in _WORDS


def _admits(annotation: Any, kind: type) -> bool:
    return annotation is kind or kind in get_args(annotation)


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, Sequence)


def _names(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()
