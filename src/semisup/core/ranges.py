"""Values that have a range say so in their signature: `threshold: Probability`.

The schema enforces the range for the command line, `enforce_ranges` for a call from Python; both with one sentence.
"""

import functools
import inspect
import math
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from semisup.core.errors import SemisupError

Target = TypeVar("Target", bound=Callable[..., Any])


@dataclass(frozen=True)
class Range:
    """The numbers that a value may take. NaN and infinity are in no range.

    Args:
        low: The smallest one; None for no limit.
        high: The largest one; None for no limit.
        above: Whether `low` itself is left out.
        below: Whether `high` itself is left out.
    """

    low: float | None = None
    high: float | None = None
    above: bool = False
    below: bool = False

    def __contains__(self, value: Any) -> bool:
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not (is_number and math.isfinite(value)):
            return False
        after_low = self.low is None or (value > self.low if self.above else value >= self.low)
        return bool(after_low and (self.high is None or (value < self.high if self.below else value <= self.high)))

    def __str__(self) -> str:
        """The range in words, such as 'from 0 to 1' or 'of at least 1'."""
        if self.low is None or self.high is None or self.high >= LARGEST or self.above or self.below:
            low = "" if self.low is None else f"{'above' if self.above else 'of at least'} {self.low:g}"
            no_high = self.high is None or self.high >= LARGEST
            high = "" if no_high else f"{'below' if self.below else 'at most'} {self.high:g}"
            return " and ".join(filter(None, (low, high)))
        return f"from {self.low:g} to {self.high:g}"


LARGEST = 10**12  # keeps a typing error in a whole number from overflowing


@dataclass(frozen=True)
class UserPathMark:
    """Marks a string as a path: the schema replaces a leading `~` by the home directory."""


Probability = Annotated[float, Range(0, 1)]
Fraction = Annotated[float, Range(0, 1, below=True)]  # a share that leaves something, or a decay
Positive = Annotated[float, Range(0, above=True)]
NonNegative = Annotated[float, Range(0)]
PositiveInt = Annotated[int, Range(1, LARGEST)]
NonNegativeInt = Annotated[int, Range(0, LARGEST)]
Seed = Annotated[int, Range(0, 2**63 - 1)]
UserPath = Annotated[str, UserPathMark()]


def describe(annotation: Any) -> str:
    """What an annotation accepts, in words.

    Args:
        annotation: Of a parameter, such as Probability or a Literal.

    Returns:
        Such as 'a number from 0 to 1', 'true or false' or 'cosine or constant'.
    """
    return " or ".join(dict.fromkeys(_kinds(annotation)))


def accepts(annotation: Any, value: Any) -> bool:
    """Whether a value has the type of an annotation and is in its ranges.

    Args:
        annotation: Of a parameter.
        value: The value.

    Returns:
        True or false. An annotation without a range accepts each value of its type.
    """
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        ranges = [part for part in parts[1:] if isinstance(part, Range)]
        return _is_a(value, parts[0]) and all(value in range_ for range_ in ranges)
    if origin in (Union, types.UnionType):
        return any(accepts(part, value) for part in parts)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return isinstance(value, Sequence) and not isinstance(value, str) and all(accepts(parts[0], v) for v in value)
    return _is_a(value, annotation)


def is_path(annotation: Any) -> bool:
    """Whether an annotation is that of a path.

    Args:
        annotation: Of a parameter.

    Returns:
        True for UserPath, alone or in a union.
    """
    return any(isinstance(part, UserPathMark) or is_path(part) for part in get_args(annotation))


def enforce_ranges(target: Target) -> Target:
    """Makes a class or function refuse arguments outside of the ranges and choices in its signature.

    Args:
        target: A function, or a class, whose own `__init__` is checked.

    Returns:
        The same class, or the function wrapped. A call raises SemisupError for an argument out of range.
    """
    if inspect.isclass(target):
        if "__init__" in vars(target):
            setattr(target, "__init__", _enforced(vars(target)["__init__"], target.__name__))  # noqa: B010
        return target
    return _enforced(target, target.__name__)  # type: ignore[return-value]


def _enforced(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    signature = inspect.signature(function)

    @functools.cache
    def ranged() -> dict[str, Any]:  # at the first call, when every name in the hints is there
        hints = get_type_hints(function, include_extras=True)
        return {key: hint for key, hint in hints.items() if key != "return" and _is_limited(hint)}

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind_partial(*args, **kwargs).arguments
        for key, hint in ranged().items():
            if key in given and not accepts(hint, given[key]):
                raise SemisupError(f"{name}: {key}={given[key]} is not valid: it is {describe(hint)}.")
        return function(*args, **kwargs)

    return call


def _is_limited(annotation: Any) -> bool:
    """Whether an annotation has a range or choices."""
    if get_origin(annotation) is Literal:
        return True
    return any(isinstance(part, Range) or _is_limited(part) for part in get_args(annotation))


def _kinds(annotation: Any) -> Iterator[str]:
    origin, parts = get_origin(annotation), get_args(annotation)
    names = {int: "a whole number", float: "a number", str: "text", bool: "true or false", types.NoneType: "null"}
    if origin is Annotated:
        ranges = " ".join(str(part) for part in parts[1:] if isinstance(part, Range))
        yield f"{names.get(parts[0], describe(parts[0]))} {ranges}".strip()
    elif origin is Literal:
        yield from (str(part).lower() if isinstance(part, bool) else str(part) for part in parts)
    elif origin in (Union, types.UnionType):
        for part in parts:
            yield from _kinds(part)
    elif isinstance(origin, type) and issubclass(origin, Sequence):
        yield f"a list, each item {describe(parts[0])}"
    elif isinstance(origin or annotation, type) and issubclass(origin or annotation, Mapping):
        yield "options, as {name: value}"
    else:
        yield names.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _is_a(value: Any, kind: Any) -> bool:
    if kind is float:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if kind is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    if kind is types.NoneType:
        return value is None
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    return not isinstance(kind, type) or isinstance(value, kind)
