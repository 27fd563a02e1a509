"""What the docstrings of functions and classes tell about their arguments, for the help."""

import inspect
import re
from collections.abc import Callable
from typing import Any

_SECTION = re.compile(r"^(?:Args|Attributes|Returns|Yields|Raises|Source|Departures|Example):", re.MULTILINE)


def described_arguments(target: Callable[..., Any]) -> dict[str, str]:
    """Reads the `Args:` of a function, or of a class and its base classes, in Google's style.

    Args:
        target: The function or class.

    Returns:
        A line of text for each argument that is described. A subclass's words come before those of its bases.
    """
    places: list[Any] = [target]
    if inspect.isclass(target):
        places = [place for cls in target.__mro__ for place in (cls, vars(cls).get("__init__"))]
    found: dict[str, str] = {}
    for place in places:
        for name, text in _arguments(inspect.cleandoc(getattr(place, "__doc__", None) or "")):
            found.setdefault(name, text)
    return found


def introduction(target: Callable[..., Any]) -> str:
    """The docstring of a function or class before its sections.

    Args:
        target: The function or class.

    Returns:
        The summary line and the paragraphs after it; empty without a docstring.
    """
    return _SECTION.split(inspect.cleandoc(target.__doc__ or ""))[0].strip()


def _arguments(text: str) -> list[tuple[str, str]]:
    section = re.search(r"^Args:\n((?:[ ]{4}.*\n?|\n)*)", text, re.MULTILINE)
    entries = re.split(r"^ {4}(?=\w)", section[1], flags=re.MULTILINE)[1:] if section else []
    pairs = (re.sub(r"^(\w+) \(.*?\):", r"\1:", entry).partition(":") for entry in entries)
    return [(name, " ".join(line.split())) for name, _, line in pairs]
