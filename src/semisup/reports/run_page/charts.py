"""The charts of a run's page."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semisup.reports.figures.figure import COLORS, INK, finish, new_figure
from semisup.reports.run_page.class_metrics import ReliabilityBin
from semisup.runs.trained_run import TrainedRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Curves = dict[str, tuple[list[float], list[float]]]  # x and y of each curve, by its name
_USED = {"pseudo_labels/accuracy": "accuracy of the used", "pseudo_labels/coverage": "used"}  # labels of a step
_KEPT = {  # labels of a round
    "accuracy": "accuracy of the kept",
    "coverage": "kept",
    "accuracy_of_all": "accuracy of all",
    "agreement": "agreement with the round before",
}
_WIDTH, _HEIGHT = 5.0, 3.0  # inches
_DASHES = ("-", "--", ":", "-.")
_MOST_LINES = 12  # at which rounds begin


def training_charts(run: TrainedRun) -> dict[str, "Figure"]:
    """Training loss and validation accuracy over the steps of all rounds.

    Args:
        run: The run.

    Returns:
        The figures by their titles; one that has no values is left out.
    """
    starts, result = _starts(run), run.result
    losses = _over_steps(run, {"train/loss": "loss", "train/supervised": "of labeled images"})
    if losses.get("of labeled images") == losses.get("loss"):
        losses.pop("of labeled images", None)
    lines = _rounds(run)
    tested = [(starts[result["round"]] + result["validation"]["step"], "tested")] if result["validation"] else []
    validation = _over_steps(run, {"validation/accuracy": "accuracy"})
    return _known(
        {
            "Training loss": curve_chart(losses, "step", lines=lines),
            "Validation accuracy": curve_chart(validation, "step", shares=True, lines=[*lines, *tested]),
        }
    )


def pseudo_label_charts(run: TrainedRun) -> dict[str, "Figure"]:
    """Accuracy and coverage of the pseudo-labels, over the steps or over the rounds in which they change.

    Args:
        run: The run.

    Returns:
        The figures by their titles; one that has no values is left out.
    """
    labels = [(record["round"], record["labels"]) for record in run.result["rounds"] if record["labels"]]
    kept: Curves = {}
    for key, name in _KEPT.items():
        known = [(float(number), found[key]) for number, found in labels if found.get(key) is not None]
        kept[name] = [x for x, _ in known], [y for _, y in known]
    steps = curve_chart(_over_steps(run, _USED), "step", shares=True, lines=_rounds(run))
    rounds = curve_chart(kept, "round", shares=True, marker="o") if len(labels) > 1 else None
    return _known({"Pseudo-labels in training": steps, "Pseudo-labels that each round left": rounds})


def curve_chart(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    x_label: str,
    *,
    shares: bool = False,
    lines: Sequence[tuple[float, str]] = (),
    marker: str = "",
) -> "Figure | None":
    """Curves over steps or rounds.

    Args:
        curves: x and y of each curve, by its name; one without points is left out.
        x_label: What x counts.
        shares: Whether y goes from 0 to 100 %.
        lines: Vertical lines, x and a word each.
        marker: Of each point; '' for none.

    Returns:
        The figure; None if no curve has points.
    """
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    drawn = {name: points for name, points in curves.items() if len(points[0])}
    if not drawn:
        return None
    figure = new_figure(_WIDTH, _HEIGHT)
    axes = figure.subplots()
    for place, (name, (x, y)) in enumerate(drawn.items()):
        label, alone = name if len(drawn) > 1 else None, "o" if len(x) == 1 else ""
        style = {"color": COLORS[place], "linestyle": _DASHES[place], "marker": marker or alone, "markersize": 4}
        axes.plot(x, y, label=label, **style)  # type: ignore[arg-type]
    for at, word in lines:
        axes.axvline(at, color=INK, linewidth=0.8, linestyle=":")
        place_of_word: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        axes.annotate(word, (at, 0), (-2, 4), rotation=90, ha="right", fontsize="x-small", **place_of_word)
    axes.set(xlabel=x_label, xlim=(min(0, *axes.get_xlim()), None), ylim=(0, 1.03) if shares else (None, None))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    if shares:
        axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    finish(figure, [axes])
    return figure


def reliability_chart(bins: Sequence[ReliabilityBin]) -> "Figure":
    """Accuracy by confidence, and below it the number of images.

    Args:
        bins: Of `reliability`.

    Returns:
        The figure.
    """
    from matplotlib.ticker import PercentFormatter

    figure = new_figure(_WIDTH, 4.6)
    axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=(5, 1))
    filled = [b for b in bins if b.accuracy is not None and b.confidence is not None]
    x = [b.low for b in filled]
    accuracy, confidence = (np.array([getattr(b, name) for b in filled]) for name in ("accuracy", "confidence"))
    style: dict[str, Any] = {"width": 1 / len(bins), "align": "edge"}
    axes.bar(x, accuracy, color=COLORS[0], alpha=0.6, label="accuracy", **style)
    gap, bottom = np.abs(accuracy - confidence), np.minimum(accuracy, confidence)
    hatched = {"fill": False, "hatch": "////", "edgecolor": COLORS[1]}
    axes.bar(x, gap, bottom=bottom, label="gap to the mean confidence", **hatched, **style)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle="--")
    counts.bar([b.low for b in bins], [b.images for b in bins], color=COLORS[-1], alpha=0.7, **style)
    axes.set(xlim=(0, 1), ylim=(0, 1), ylabel="accuracy")
    counts.set(xlabel="confidence", ylabel="images")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    finish(figure, [axes, counts])
    return figure


def confusion_chart(matrix: NDArray[np.int64]) -> "Figure":
    """The confusion matrix of many classes as colors: blue on the diagonal, orange beside it.

    Args:
        matrix: (K, K) counts, row = true class.

    Returns:
        The figure.
    """
    from matplotlib.colors import to_rgb

    share = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    pixels = np.empty((*matrix.shape, 4))
    pixels[..., :3] = np.where(np.eye(len(matrix), dtype=bool)[..., None], to_rgb(COLORS[0]), to_rgb(COLORS[1]))
    pixels[..., 3] = np.where(matrix > 0, np.minimum(0.15 + share, 1), 0)
    figure = new_figure(_WIDTH, _WIDTH)
    axes = figure.subplots()
    axes.imshow(pixels, interpolation="none")
    axes.set(xlabel="predicted class", ylabel="true class")
    return figure


def _known(figures: Mapping[str, "Figure | None"]) -> dict[str, "Figure"]:
    return {title: figure for title, figure in figures.items() if figure is not None}


def _over_steps(run: TrainedRun, names: Mapping[str, str]) -> Curves:
    """Metrics over the steps of all rounds, by their names in the chart."""
    starts, curves = _starts(run), {}
    for metric, name in names.items():
        points = [(float(starts[number] + step), value) for (number, step), value in run.curve(metric).items()]
        curves[name] = [x for x, _ in points], [y for _, y in points]
    return curves


def _starts(run: TrainedRun) -> list[int]:
    """The steps that were done before each round."""
    return np.cumsum([0, *(record["steps"] for record in run.result["rounds"])]).tolist()


def _rounds(run: TrainedRun) -> list[tuple[float, str]]:
    """Where each round that trains begins, except the first; none if there are too many to read."""
    begins = [
        (float(start), f"round {record['round']}")
        for start, record in zip(_starts(run), run.result["rounds"], strict=False)
        if start and record["steps"]
    ]
    return begins if len(begins) <= _MOST_LINES else []
