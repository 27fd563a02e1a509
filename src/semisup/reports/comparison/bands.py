"""Curves with bands, whose points are seen also where they have no neighbour for a line or a band to reach."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semisup.reports.comparison.curves import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_curve(axes: "Axes", curve: Curve, label: str, style: dict[str, Any]) -> None:
    """Draws a curve of shares in %: its mean, marked at intervals, and one standard deviation to either side.

    style: colour, marker, line and their sizes, as `Axes.plot` takes them.
    """
    mean = 100 * curve.mean
    axes.plot(curve.x, mean, label=label, **style | {"markevery": 0.1})
    low, high = 100 * np.clip((curve.mean - curve.sd, curve.mean + curve.sd), 0, 1)
    band(axes, curve.x, low, high, style["color"])
    single = _single(mean)  # the intervals are along the line, and so leave these out
    look = {"color": style["color"], "marker": style["marker"], "zorder": style["zorder"]}
    axes.scatter(curve.x[single], mean[single], style["markersize"] ** 2, **look)


def band(axes: "Axes", x: NDArray[Any], low: NDArray[np.float64], high: NDArray[np.float64], color: str) -> None:
    """From low to high, all (points,): a band, and a bar at a point that no band reaches."""
    axes.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)
    single = _single(low)
    axes.vlines(x[single], low[single], high[single], color=color, alpha=0.6)


def _single(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points have a value and no neighbour that has one, (points,); NaN is none."""
    known = np.pad(np.isfinite(values), 1)
    return known[1:-1] & ~known[:-2] & ~known[2:]
