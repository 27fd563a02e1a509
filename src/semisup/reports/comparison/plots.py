"""The charts of a comparison."""

from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semisup.core.errors import SemisupError
from semisup.reports.comparison.comparison import ComparedGroup, Comparison
from semisup.reports.comparison.curves import MeanCurve, draw_band, draw_curve, over_rounds, over_steps
from semisup.reports.comparison.tables import DAGGER, marked_name
from semisup.reports.figures.figure import COLORS, INK, chart_style, finish, new_figure
from semisup.reports.figures.figure import save as save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Markers and dashes change where the colors begin again.
_MARKERS, _DASHES = ("o", "s", "D", "^", "v", "P", "X"), ("-", "--", ":", "-.")
_BESIDE: dict[str, Any] = {"textcoords": "offset points", "va": "center", "fontsize": "small"}
_COLUMNS = 3  # panels side by side


class _CannotDraw(SemisupError):
    """The runs do not have what a chart needs."""


def _accuracy_by_labels(comparison: Comparison) -> "Figure":
    lines: dict[str, list[ComparedGroup]] = {}
    for row in comparison.rows:
        lines.setdefault(row.group.name, []).append(row)
    counts = sorted({row.group.runs[0].labels for row in comparison.rows})
    if not any(len({row.group.runs[0].labels for row in rows}) > 1 for rows in lines.values()):
        raise _CannotDraw("accuracy against number of labels, as no method has runs with different numbers of labels.")
    figure = new_figure(7, 4.6)
    axes = figure.subplots()
    styles = _styles(comparison)
    for name, rows in lines.items():
        style = styles[name]
        rows = sorted(rows, key=lambda row: row.group.runs[0].labels)
        x = [row.group.runs[0].labels for row in rows]
        axes.plot(
            x,
            [row.accuracy.mean for row in rows],
            label=f"{name} {DAGGER}" if any(row.mark for row in rows) else name,
            **style,
        )
        bounds = np.array([row.accuracy.interval or (np.nan, np.nan) for row in rows])
        draw_band(axes, np.array(x), bounds[:, 0], bounds[:, 1], style["color"])
        for row in rows:
            values = [run.accuracy for run in row.group.runs]
            axes.plot([row.group.runs[0].labels] * len(values), values, ".", color=style["color"], alpha=0.6)
    axes.set_xscale("log")
    crowded = np.diff(np.log(counts)).min() < 0.1 * np.log(counts[-1] / counts[0])
    axes.set_xticks(counts, [f"{count:,}" for count in counts], rotation=45 if crowded else 0)
    axes.set_xticks([], minor=True)
    axes.set(xlabel="labels in all, those for validation included", ylabel="test accuracy, %")
    finish(figure, [axes], "mean over seeds; band or bar: its 95 % interval (3 seeds or more); dots: seeds")
    return figure


def _accuracy(comparison: Comparison) -> "Figure":
    panels = _by_split(comparison)
    sizes = [len(rows) for rows in panels.values()]
    figure = new_figure(7, 1.1 + 0.36 * sum(sizes) + 0.35 * len(panels))
    all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=sizes)[:, 0]
    styles = _styles(comparison)
    for axes, (split, rows) in zip(all_axes, panels.items(), strict=True):
        for place, row in enumerate(rows):
            low, high = row.accuracy.interval or (row.accuracy.mean, row.accuracy.mean)
            axes.barh(place, row.accuracy.mean, color=styles[row.group.name]["color"], alpha=0.55, height=0.7)
            if row.accuracy.interval:
                axes.plot([low, high], [place, place], color=INK, linewidth=1.5, marker="|", markersize=8)
            values = [run.accuracy for run in row.group.runs]
            axes.plot(values, [place] * len(values), "o", color=INK, markersize=3.5, markeredgecolor="white")
            axes.annotate(f"{row.accuracy.mean:.2f}", (max(high, *values, 0), place), (6, 0), **_BESIDE)
        axes.set_yticks(range(len(rows)), [marked_name(row) for row in rows])
        axes.set_title(split, loc="left", fontsize="medium")
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="x", alpha=0.3)
        axes.set_axisbelow(True)
    drawn = [(*(row.accuracy.interval or ()), *(run.accuracy for run in row.group.runs)) for row in comparison.rows]
    all_axes[-1].set(xlabel="test accuracy, %", xlim=(0, 1.12 * max(map(max, drawn))))
    figure.supxlabel("bar: mean over seeds; line: its 95 % interval (3 seeds or more); dots: seeds", fontsize="small")
    return figure


def _learning_curves(comparison: Comparison) -> "Figure":
    return _over_steps(comparison, {"validation/accuracy": "validation accuracy, %"}, "learning curves")


def _pseudo_labels_over_steps(comparison: Comparison) -> "Figure":
    return _over_steps(
        comparison,
        {
            "pseudo_labels/accuracy": "pseudo-labels in use: accuracy, %",
            "pseudo_labels/coverage": "coverage of unlabeled images, %",
        },
        "pseudo-labels over steps",
    )


def _pseudo_labels_over_rounds(comparison: Comparison) -> "Figure":
    names = {"accuracy": "pseudo-labels kept: accuracy, %", "coverage": "coverage of unlabeled images, %"}

    def curve(row: ComparedGroup, name: str) -> MeanCurve:
        return over_rounds(row.group.runs, name)

    return _panels(comparison, names, curve, "round", "pseudo-labels over rounds")


_CHARTS: dict[str, tuple[Callable[[Comparison], "Figure"], str]] = {  # with their captions
    "accuracy_by_labels": (
        _accuracy_by_labels,
        "Test accuracy against the number of labels: a line per method, its 95 % interval as a band, seeds as dots.",
    ),
    "accuracy": (
        _accuracy,
        "Test accuracy of each group: mean as a bar, its 95 % interval as a line, seeds as dots; a panel per split.",
    ),
    "learning_curves": (
        _learning_curves,
        "Validation accuracy over the steps of all rounds: mean over the seeds, and ± one standard deviation.",
    ),
    "pseudo_labels_over_steps": (
        _pseudo_labels_over_steps,
        "Accuracy of the pseudo-labels in use, and coverage of the unlabeled images, step by step.",
    ),
    "pseudo_labels_over_rounds": (
        _pseudo_labels_over_rounds,
        "Accuracy of the pseudo-labels that a round leaves, and coverage of the unlabeled images, round by round.",
    ),
}
CAPTIONS = {name: caption for name, (_, caption) in _CHARTS.items()}


def draw(comparison: Comparison) -> tuple[dict[str, "Figure"], list[str]]:
    """Draws all charts for which the runs have the data.

    Args:
        comparison: The comparison.

    Returns:
        The figures by name, and for each of the others a sentence that says what is missing.
    """
    figures, skipped = {}, []
    with chart_style():
        for name, (chart, _) in _CHARTS.items():
            try:
                figures[name] = chart(comparison)
            except _CannotDraw as reason:
                skipped.append(str(reason))
    return figures, skipped


def save(figures: dict[str, "Figure"], folder: Path) -> None:
    """Writes each figure as NAME.png and NAME.svg.

    Args:
        figures: The figures by name.
        folder: Where; it is made if it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        for kind in ("png", "svg"):
            save_figure(figure, folder / f"{name}.{kind}")


def _over_steps(comparison: Comparison, names: dict[str, str], what: str) -> "Figure":
    def curve(row: ComparedGroup, name: str) -> MeanCurve:
        return over_steps(row.group.runs, name)

    rounds = max(len(run.steps) for row in comparison.rows for run in row.group.runs)
    return _panels(comparison, names, curve, "step, over all rounds" if rounds > 1 else "step", what)


def _panels(
    comparison: Comparison, names: dict[str, str], curve: Callable[[ComparedGroup, str], MeanCurve], x: str, what: str
) -> "Figure":
    """A row of panels per name, a panel per split, a line per group. names: of the figures, with their axis labels."""
    drawn = {(name, id(row)): curve(row, name) for name in names for row in comparison.rows}
    panels = {
        split: rows
        for split, rows in _by_split(comparison).items()
        if any(len(drawn[name, id(row)].x) for name in names for row in rows)
    }
    if not panels:
        raise _CannotDraw(f"{what}, as no group has them for all of its seeds.")
    width = min(len(panels), _COLUMNS)
    height = ceil(len(panels) / _COLUMNS) * len(names)
    figure = new_figure(max(7, 3.6 * width), 0.9 + 3.2 * height)
    grid = figure.subplots(height, width, sharey="row" if len(names) > 1 else True, squeeze=False)
    styles = _styles(comparison)
    for place, (split, rows) in enumerate(panels.items()):
        for line, (name, label) in enumerate(names.items()):
            axes = grid[line + place // _COLUMNS * len(names), place % _COLUMNS]
            for row in rows:
                one, style = drawn[name, id(row)], styles[row.group.name]
                if not len(one.x):
                    continue
                draw_curve(axes, one, marked_name(row), style)
            axes.set_title(split if line == 0 else "", fontsize="medium")
            axes.locator_params(axis="x", nbins=5, integer=True)
            axes.set(xlabel=x, ylabel=label if place % _COLUMNS == 0 else "")
    for axes in grid.flat:
        axes.set_visible(axes.has_data())
    finish(figure, list(grid.flat), "mean over seeds; band or bar: ± one standard deviation")
    return figure


def _styles(comparison: Comparison) -> dict[str, dict[str, Any]]:
    """How the lines of each name look."""
    return {
        name: {
            "color": COLORS[place % len(COLORS)],
            "marker": _MARKERS[(place + place // len(COLORS)) % len(_MARKERS)],
            "linestyle": _DASHES[place // len(COLORS) % len(_DASHES)],
            "markersize": 5,
            "zorder": 3 - place / 100,  # a baseline on top: the curve of its teacher may be the same
            "linewidth": 1.8,
        }
        for place, name in enumerate(dict.fromkeys(row.group.name for row in comparison.rows))
    }


def _by_split(comparison: Comparison) -> dict[str, list[ComparedGroup]]:
    panels: dict[str, list[ComparedGroup]] = {}
    for row in comparison.rows:
        panels.setdefault(row.group.split, []).append(row)
    return panels
