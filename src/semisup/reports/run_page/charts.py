"""The charts of a run's page, as places on a drawing: templates/charts.html draws them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 400, 236  # as wide as a phone, so that its letters are readable there
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 10, 36  # margins
POINTS = 160  # of a curve at most
WORD = 48  # as wide as `round 1`


@dataclass(frozen=True)
class Series:
    """A curve. x, y: its values, of the same length."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Mark:
    """A point that can be asked for its values."""

    x: float
    y: float
    tip: str


@dataclass(frozen=True)
class Line:
    name: str
    path: str
    marks: list[Mark]


@dataclass(frozen=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True)
class Rule:
    """A vertical line with a word. at: its place; y: of the word, which is on its left or its right."""

    at: float
    text: str
    y: float
    left: bool


@dataclass(frozen=True)
class Chart:
    """Curves on axes. title: what a person who cannot see it is told."""

    title: str
    x_label: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]
    rules: list[Rule]
    dots: bool


@dataclass(frozen=True)
class Bar:
    """A bin of a reliability diagram. top: of its accuracy; share: of the images, from 0 to 1."""

    x: float
    width: float
    accuracy: float | None
    confidence: float | None
    share: float
    tip: str


def chart(
    title: str,
    series: Iterable[Series],
    x_label: str,
    text: Callable[[float], str],
    *,
    shares: bool = False,
    rules: Iterable[tuple[float, str]] = (),
    dots: bool = False,
) -> Chart | None:
    """Curves over steps or rounds; None where there is nothing to draw.

    text: of a value of y. shares: y goes from 0 to 1. rules: vertical lines (x, word). dots: whether
    each point is drawn.
    """
    drawn = [_thinned(one) for one in series if len(one.x)]
    if not drawn:
        return None
    xs = [x for one in drawn for x in one.x]
    ys = [y for one in drawn for y in one.y]
    x_ticks = _ticks(min([*xs, 0]), max(xs), integer=True)
    y_ticks = [0, 0.25, 0.5, 0.75, 1] if shares else _ticks(min([*ys, 0]), max(ys))
    at_x = _scale(min([*xs, 0]), max(xs), LEFT, WIDTH - RIGHT)
    at_y = _scale(y_ticks[0], y_ticks[-1], HEIGHT - BOTTOM, TOP)

    def line(one: Series) -> Line:
        places = [(at_x(x), at_y(y)) for x, y in zip(one.x, one.y, strict=True)]
        tips = [f"{x_label} {x:,.0f}: {one.name} {text(y)}" for x, y in zip(one.x, one.y, strict=True)]
        marks = [Mark(x, y, tip) for (x, y), tip in zip(places, tips, strict=True)]
        return Line(one.name, "M" + "L".join(f"{x} {y}" for x, y in places), marks)

    return Chart(
        title=title,
        x_label=x_label,
        x_ticks=[Tick(at_x(x), f"{x:,.0f}") for x in x_ticks if x <= max(xs)],
        y_ticks=[Tick(at_y(y), text(y) if shares else f"{y:g}") for y in y_ticks],
        lines=[line(one) for one in drawn],
        rules=_ruled([(at_x(x), word) for x, word in rules]),
        dots=dots,
    )


def bars(bins: Sequence[Any]) -> list[Bar]:
    """The bars of a reliability diagram. bins: of numbers.reliability. Places are shares of the square."""
    most = max(b.images for b in bins)
    return [
        Bar(
            x=b.low,
            width=b.high - b.low,
            accuracy=b.accuracy,
            confidence=b.confidence,
            share=b.images / most,
            tip=f"confidence {b.low:.0%} to {b.high:.0%}: {b.images:,} images"
            + ("" if b.accuracy is None else f", mean confidence {b.confidence:.1%}, accuracy {b.accuracy:.1%}"),
        )
        for b in bins
    ]


def scatter(places: NDArray[np.floating], side: int = 400, margin: int = 8) -> list[tuple[float, float]]:
    """Points (n, 2) in a square drawing, each direction stretched to its middle 99.8 %."""
    low, high = np.quantile(places, [0.001, 0.999], axis=0)
    share = np.clip((places - low) / np.where(high > low, high - low, 1), 0, 1)
    at = np.round(margin + share * (side - 2 * margin), 1)
    return [(float(x), float(side - y)) for x, y in at]


def _ruled(rules: Sequence[tuple[float, str]]) -> list[Rule]:
    """Words above the axis, every second one higher where they would run into each other."""
    close = any(later - earlier < WORD for (earlier, _), (later, _) in pairwise(rules))
    lowest = HEIGHT - BOTTOM - 5
    return [
        Rule(at, word, lowest - 13 * (close and number % 2), at > WIDTH - RIGHT - WORD)
        for number, (at, word) in enumerate(rules)
    ]


def _thinned(one: Series) -> Series:
    if len(one.x) <= POINTS:
        return one
    rows = np.linspace(0, len(one.x) - 1, POINTS).astype(int)
    return Series(one.name, [one.x[row] for row in rows], [one.y[row] for row in rows])


def _ticks(low: float, high: float, integer: bool = False) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10], integer=integer).tick_values(low, high if high > low else low + 1)
    return [float(tick) for tick in found]


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = high - low or 1.0
    return lambda value: round(start + (value - low) / span * (end - start), 1)
