"""Pictures of a comparison. Each function draws one, or raises CannotDraw where the runs have nothing for it."""

from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semisup.core.errors import SemisupError
from semisup.reports.comparison.bands import band, draw_curve
from semisup.reports.comparison.comparison import Comparison, Row
from semisup.reports.comparison.curves import Curve, over_rounds, over_steps
from semisup.reports.comparison.tables import DAGGER
from semisup.reports.figures.figure import new_figure
from semisup.reports.figures.figure import save as save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which the colour-blind tell apart, without black and yellow: one is lost on a dark page, the
# other on a light one. Markers and dashes go on where the colours begin anew.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#808080")
MARKERS, DASHES = "osD^vPX", ("-", "--", ":", "-.")
INK = "#1b1f24"  # of all that is not data; a page puts its own text colour in its place
BESIDE: dict[str, Any] = {"textcoords": "offset points", "va": "center", "fontsize": "small"}
COLUMNS = 3  # panels beside one another


class CannotDraw(SemisupError):
    """What a picture would need and these runs do not have."""


def accuracy_by_labels(comparison: Comparison) -> "Figure":
    """Test accuracy against the number of labels: a line per method, its 95 % interval as a band, seeds as dots."""
    lines: dict[str, list[Row]] = {}
    for row in comparison.rows:
        lines.setdefault(row.group.name, []).append(row)
    counts = sorted({row.group.runs[0].labels for row in comparison.rows})
    if not any(len({row.group.runs[0].labels for row in rows}) > 1 for rows in lines.values()):
        raise CannotDraw("accuracy against number of labels, as no method has runs with different numbers of labels.")
    figure = new_figure(7, 4.6)
    axes = figure.subplots()
    for (name, rows), style in zip(lines.items(), _styles(comparison), strict=True):
        rows = sorted(rows, key=lambda row: row.group.runs[0].labels)
        x = [row.group.runs[0].labels for row in rows]
        axes.plot(x, [row.accuracy.mean for row in rows], label=_marked(name, rows), **style)
        bounds = np.array([row.accuracy.interval or (np.nan, np.nan) for row in rows])
        band(axes, np.array(x), bounds[:, 0], bounds[:, 1], style["color"])
        for row in rows:
            values = [run.accuracy for run in row.group.runs]
            axes.plot([row.group.runs[0].labels] * len(values), values, ".", color=style["color"], alpha=0.6)
    axes.set_xscale("log")
    crowded = np.diff(np.log(counts)).min() < 0.1 * np.log(counts[-1] / counts[0])
    axes.set_xticks(counts, [f"{count:,}" for count in counts], rotation=45 if crowded else 0)
    axes.set_xticks([], minor=True)
    axes.set(xlabel="labels in all, those for validation included", ylabel="test accuracy, %")
    _finish(figure, [axes], "mean over seeds; band or bar: its 95 % interval (3 seeds or more); dots: seeds")
    return figure


def accuracy(comparison: Comparison) -> "Figure":
    """Test accuracy of each group: mean as a bar, its 95 % interval as a line, seeds as dots; a panel per split."""
    panels = _by_split(comparison)
    sizes = [len(rows) for rows in panels.values()]
    figure = new_figure(7, 1.1 + 0.36 * sum(sizes) + 0.35 * len(panels))
    all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=sizes)[:, 0]
    styles = dict(zip(_names(comparison), _styles(comparison), strict=True))
    for axes, (split, rows) in zip(all_axes, panels.items(), strict=True):
        for place, row in enumerate(rows):
            low, high = row.accuracy.interval or (row.accuracy.mean, row.accuracy.mean)
            axes.barh(place, row.accuracy.mean, color=styles[row.group.name]["color"], alpha=0.55, height=0.7)
            if row.accuracy.interval:
                axes.plot([low, high], [place, place], color=INK, linewidth=1.5, marker="|", markersize=8)
            values = [run.accuracy for run in row.group.runs]
            axes.plot(values, [place] * len(values), "o", color=INK, markersize=3.5, markeredgecolor="white")
            axes.annotate(f"{row.accuracy.mean:.2f}", (max(high, *values, 0), place), (6, 0), **BESIDE)
        axes.set_yticks(range(len(rows)), [_marked(row.group.name, [row]) for row in rows])
        axes.set_title(split, loc="left", fontsize="medium")
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="x", alpha=0.3)
        axes.set_axisbelow(True)
    drawn = [(*(row.accuracy.interval or ()), *(run.accuracy for run in row.group.runs)) for row in comparison.rows]
    all_axes[-1].set(xlabel="test accuracy, %", xlim=(0, 1.12 * max(map(max, drawn))))
    figure.supxlabel("bar: mean over seeds; line: its 95 % interval (3 seeds or more); dots: seeds", fontsize="small")
    return figure


def learning_curves(comparison: Comparison) -> "Figure":
    """Validation accuracy over the steps of all rounds: mean over the seeds, and ± one standard deviation."""
    return _over_steps(comparison, {"validation/accuracy": "validation accuracy, %"}, "learning curves")


def pseudo_labels_over_steps(comparison: Comparison) -> "Figure":
    """How many of the pseudo-labels in use are right, and how many unlabeled images have one, step by step."""
    return _over_steps(
        comparison,
        {
            "pseudo_labels/accuracy": "pseudo-labels in use: right, %",
            "pseudo_labels/coverage": "coverage of unlabeled images, %",
        },
        "pseudo-labels over steps",
    )


def pseudo_labels_over_rounds(comparison: Comparison) -> "Figure":
    """How many of the pseudo-labels that a round leaves are right, and how many images have one, round by round."""
    names = {"accuracy": "pseudo-labels kept: right, %", "coverage": "coverage of unlabeled images, %"}

    def curve(row: Row, name: str) -> Curve:
        return over_rounds(row.group.runs, name)

    return _panels(comparison, names, curve, "round", "pseudo-labels over rounds")


PICTURES = (accuracy_by_labels, accuracy, learning_curves, pseudo_labels_over_steps, pseudo_labels_over_rounds)
CAPTIONS = {picture.__name__: (picture.__doc__ or "").partition("\n")[0] for picture in PICTURES}


def draw(comparison: Comparison) -> tuple[dict[str, "Figure"], list[str]]:
    """All pictures that the runs can make, by name; and for the others what is lacking."""
    from matplotlib import rc_context

    figures, skipped = {}, []
    with rc_context(
        {"text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK}
    ):
        for picture in PICTURES:
            try:
                figures[picture.__name__] = picture(comparison)
            except CannotDraw as reason:
                skipped.append(str(reason))
    return figures, skipped


def save(figures: dict[str, "Figure"], folder: Path) -> None:
    """Writes each figure as NAME.png and NAME.svg."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        for kind in ("png", "svg"):
            save_figure(figure, folder / f"{name}.{kind}")


def _over_steps(comparison: Comparison, names: dict[str, str], what: str) -> "Figure":
    def curve(row: Row, name: str) -> Curve:
        return over_steps(row.group.runs, name)

    rounds = max(len(run.steps) for row in comparison.rows for run in row.group.runs)
    return _panels(comparison, names, curve, "step, over all rounds" if rounds > 1 else "step", what)


def _panels(
    comparison: Comparison, names: dict[str, str], curve: Callable[[Row, str], Curve], x: str, what: str
) -> "Figure":
    """A row of panels per name, a panel per split, a line per group. names: of the figures, with their axis labels."""
    drawn = {(name, id(row)): curve(row, name) for name in names for row in comparison.rows}
    panels = {
        split: rows
        for split, rows in _by_split(comparison).items()
        if any(len(drawn[name, id(row)].x) for name in names for row in rows)
    }
    if not panels:
        raise CannotDraw(f"{what}, as no group has them for all of its seeds.")
    width = min(len(panels), COLUMNS)
    height = ceil(len(panels) / COLUMNS) * len(names)
    figure = new_figure(max(7, 3.6 * width), 0.9 + 3.2 * height)
    grid = figure.subplots(height, width, sharey="row" if len(names) > 1 else True, squeeze=False)
    styles = dict(zip(_names(comparison), _styles(comparison), strict=True))
    for place, (split, rows) in enumerate(panels.items()):
        for line, (name, label) in enumerate(names.items()):
            axes = grid[line + place // COLUMNS * len(names), place % COLUMNS]
            for row in rows:
                one, style = drawn[name, id(row)], styles[row.group.name]
                if not len(one.x):
                    continue
                draw_curve(axes, one, _marked(row.group.name, [row]), style)
            axes.set_title(split if line == 0 else "", fontsize="medium")
            axes.locator_params(axis="x", nbins=5, integer=True)
            axes.set(xlabel=x, ylabel=label if place % COLUMNS == 0 else "")
    for axes in grid.flat:
        axes.set_visible(axes.has_data())
    _finish(figure, list(grid.flat), "mean over seeds; band or bar: ± one standard deviation")
    return figure


def _finish(figure: "Figure", all_axes: Sequence["Axes"], note: str) -> None:
    """Grid, spines, the note on what is drawn, and one legend for all panels below them."""
    handles: dict[str, Any] = {}
    for axes in all_axes:
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        handles |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    columns = max(1, int(figure.get_size_inches()[0] * 11 / (max(map(len, handles)) + 6)))
    figure.legend(
        handles.values(),
        handles,
        loc="outside lower center",
        ncols=columns,
        fontsize="small",
        frameon=False,
        title=note,
    ).get_title().set_fontsize("small")


def _styles(comparison: Comparison) -> list[dict[str, Any]]:
    """How the lines of the names look, in their order."""
    return [
        {
            "color": COLORS[place % len(COLORS)],
            "marker": MARKERS[(place + place // len(COLORS)) % len(MARKERS)],
            "linestyle": DASHES[place // len(COLORS) % len(DASHES)],
            "markersize": 5,
            "zorder": 3
            - place / 100,  # the first one, a baseline, on top: a teacher's curve may be the same as its own
            "linewidth": 1.8,
        }
        for place in range(len(_names(comparison)))
    ]


def _names(comparison: Comparison) -> list[str]:
    return list(dict.fromkeys(row.group.name for row in comparison.rows))


def _by_split(comparison: Comparison) -> dict[str, list[Row]]:
    panels: dict[str, list[Row]] = {}
    for row in comparison.rows:
        panels.setdefault(row.group.split, []).append(row)
    return panels


def _marked(name: str, rows: Sequence[Row]) -> str:
    return f"{name} {DAGGER}" if any(row.mark for row in rows) else name
