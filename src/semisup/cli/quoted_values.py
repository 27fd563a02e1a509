"""The value of one option in quotes, where Hydra would not read it as the text that it is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_ELEMENT = re.compile(rf"((?:{_QUOTED})(?=,|$)|[^,]*)(,|$)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def is_plain(value: str) -> bool:
    """Whether Hydra reads a value as the text that it is.

    Args:
        value: As typed.

    Returns:
        True or false.
    """
    plain = re.fullmatch(r"(?!null$|true$|false$|nan$|inf$)[a-z_/.][\w/.+%@:-]*", value, re.ASCII | re.IGNORECASE)
    return bool(re.fullmatch(_QUOTED, value, re.DOTALL) or (plain and not _NUMBER.fullmatch(value)))


def elements(value: str) -> list[str]:
    """Takes a sweep's values apart; a comma within quotes separates nothing.

    Args:
        value: As typed.

    Returns:
        The values between the commas.
    """
    found, position = [], 0
    while match := _ELEMENT.match(value, position):
        found.append(match[1])
        position = match.end()
        if not match[2]:
            break
    return found


def quote_value(value: str, annotations: Sequence[Any], sweep: bool) -> str:
    """Quotes a value whose option is text, unless it is something else that the option may be.

    Args:
        value: As typed.
        annotations: Those of the option, of each class or function that it may be of.
        sweep: Whether the value is one of several.

    Returns:
        The value as Hydra reads it.
    """
    kinds = [kind for annotation in annotations for kind in _kinds(annotation)]
    is_text, is_name = str in kinds, any(isinstance(kind, str) for kind in kinds)
    parts = [value] if sweep else value.split(",")  # a list without -m, of which Hydra says so
    is_other = any(_reads_as(kind, part) for kind in kinds for part in parts) or (len(parts) > 1 and not is_text)
    if is_other or is_plain(value) or value.lower() == "null" or not (is_text or is_name):
        return value  # null is text only for those who quote it
    return in_quotes(value)


def in_quotes(value: str) -> str:
    """Puts a value in quotes.

    Args:
        value: Any text.

    Returns:
        The same, as Hydra reads it.
    """
    from hydra.core.override_parser.types import Quote, QuotedString

    return QuotedString(value, Quote.single).with_quotes()


def _kinds(annotation: Any) -> Iterator[Any]:
    """The types of a union; of a Literal, its values."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _kinds(parts[0])
    elif origin is Literal:
        yield from parts
    elif origin in (Union, UnionType):
        for part in parts:
            yield from _kinds(part)
    else:
        yield origin or annotation


def _reads_as(kind: Any, text: str) -> bool:
    if kind in (int, float):
        return bool(_NUMBER.fullmatch(text))
    if kind in (NoneType, bool) or kind is True or kind is False:
        return text.lower() in (("null",) if kind is NoneType else ("true", "false"))
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return text.startswith("{")
    return isinstance(kind, type) and issubclass(kind, Sequence) and kind is not str and text.startswith("[")
