"""Options of a command as key=value, checked against the signature of the function that they are for."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from semisup.core.errors import SemisupError, exit_code
from semisup.core.schema import completed, parameters

NAME = r"[a-z][a-z_-]*"


def command(function: Callable[..., None], arguments: Sequence[str] | None = None) -> int:
    """Calls the function with the options of a command line; returns the exit status.

    Its docstring is the help. What the user can mend is one sentence on stderr.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or {"-h", "--help"} & set(arguments):
        print((function.__doc__ or "").strip())
        return 0
    sys.path.append(os.getcwd())  # a network of your own is found in the folder you start from, as in a training
    return exit_code(lambda: function(**read_options(arguments, function)))


def read_options(arguments: Sequence[str], function: Callable[..., Any]) -> dict[str, Any]:
    """The function's arguments from `key=value`, `--key=value` or `--key value`; `--key` alone says true.

    Missing ones take the default of the signature, null is None. Raises SemisupError for an option that there is not,
    an empty value or one of the wrong type, and an option that is given twice.
    """
    values: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if found := re.fullmatch(rf"(?:--)?({NAME})=(.*)", argument, re.DOTALL):
            key, value = found[1], found[2]
        elif argument.startswith("--"):
            key = argument[2:]
            alone = not rest or rest[0].startswith("--") or re.match(rf"{NAME}=", rest[0])
            value = "true" if alone else rest.pop(0)
        else:
            first = next(iter(parameters(function)))
            raise SemisupError(f"{argument} is no option: options are written as key=value, such as {first}=...")
        key = key.replace("-", "_")
        if key in values:
            raise SemisupError(f"{key} is given twice.")
        if not value:
            raise SemisupError(f"{key} has no value.")
        values[key] = None if value == "null" else value
    return completed("", values, [function])
