"""Curves of a group of runs: the mean over its seeds and their standard deviation, and how they are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semisup.runs.trained_run import TrainedRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class MeanCurve:
    """A metric over steps or rounds.

    Args:
        x: Steps or rounds, (points,).
        mean: Over the seeds, (points,); NaN between rounds.
        sd: The standard deviation over the seeds, (points,); 0 for one seed.
    """

    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]


def over_steps(runs: Sequence[TrainedRun], name: str) -> MeanCurve:
    """A metric over the steps of all rounds, where all runs have a value.

    Args:
        runs: The runs of a group.
        name: A column of metrics.csv.

    Returns:
        The curve, with a gap where a round begins with a new network.
    """
    rounds = max(len(run.steps) for run in runs)
    lengths = [max(run.steps[number] for run in runs if number < len(run.steps)) for number in range(rounds)]
    starts = np.cumsum([0, *lengths])
    curves = []
    for run in runs:
        curve = run.curve(name)
        gaps = {float(starts[number]) + 0.5: np.nan for number in {number for number, _ in curve} if number}
        curves.append({float(starts[number] + step): value for (number, step), value in curve.items()} | gaps)
    return _mean(curves)


def over_rounds(runs: Sequence[TrainedRun], name: str) -> MeanCurve:
    """A metric of the pseudo-labels that each round left, in the rounds where all runs have it.

    Args:
        runs: The runs of a group.
        name: A metric of `labels` in the records of the rounds.

    Returns:
        The curve.
    """
    return _mean([_of_rounds(run, name) for run in runs])


def draw_curve(axes: "Axes", curve: MeanCurve, label: str, style: dict[str, Any]) -> None:
    """Draws a curve of shares in %, with one standard deviation to either side.

    Args:
        axes: Where.
        curve: Shares from 0 to 1.
        label: Its name in the legend.
        style: Color, marker, line and their sizes, for `Axes.plot`.
    """
    mean = 100 * curve.mean
    axes.plot(curve.x, mean, label=label, **style | {"markevery": 0.1})
    low, high = 100 * np.clip((curve.mean - curve.sd, curve.mean + curve.sd), 0, 1)
    draw_band(axes, curve.x, low, high, style["color"])
    single = _single(mean)  # markevery counts along the line, and so leaves these out
    marker = {name: style[name] for name in ("color", "marker", "zorder")}
    axes.scatter(curve.x[single], mean[single], style["markersize"] ** 2, **marker)


def draw_band(axes: "Axes", x: NDArray[Any], low: NDArray[np.float64], high: NDArray[np.float64], color: str) -> None:
    """Draws a band, and a bar at a point that no band reaches because its neighbors have no value.

    Args:
        axes: Where.
        x: (points,).
        low: The lower limits, (points,); NaN for none.
        high: The upper limits, (points,).
        color: Of the band.
    """
    axes.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)
    single = _single(low)
    axes.vlines(x[single], low[single], high[single], color=color, alpha=0.6)


def _single(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points have a value, but no neighbor with one."""
    known = np.pad(np.isfinite(values), 1)
    return known[1:-1] & ~known[:-2] & ~known[2:]


def _of_rounds(run: TrainedRun, name: str) -> dict[float, float]:
    records = run.result.get("rounds") or []
    values = {float(record["round"]): (record["labels"] or {}).get(name) for record in records}
    return {number: value for number, value in values.items() if value is not None}


def _mean(curves: Sequence[dict[float, float]]) -> MeanCurve:
    x = sorted(set.intersection(*map(set, curves)))
    values = np.array([[curve[point] for point in x] for curve in curves], float).reshape(len(curves), len(x))
    return MeanCurve(np.array(x), values.mean(0), values.std(0, ddof=1) if len(curves) > 1 else np.zeros(len(x)))
