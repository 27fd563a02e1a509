"""Curves of a group of runs: the mean over its seeds, and their standard deviation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semisup.reports.run_folders import Run


@dataclass(frozen=True)
class Curve:
    """A figure over steps: x, mean and sd over the seeds (0 for one seed), all (points,)."""

    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]


def over_steps(runs: Sequence[Run], name: str) -> Curve:
    """A column of metrics.csv over the steps of all rounds, at the points that all runs have."""
    lengths = _lengths(runs)
    return _mean([_joined(run.curve(name), lengths) for run in runs])


def over_rounds(runs: Sequence[Run], name: str) -> Curve:
    """What is on record of the pseudo-labels that each round left, in the rounds that all runs have."""
    return _mean([_of_rounds(run, name) for run in runs])


def _lengths(runs: Sequence[Run]) -> list[int]:
    """The steps of each round, of the longest run."""
    rounds = max(len(run.steps) for run in runs)
    return [max(run.steps[number] for run in runs if number < len(run.steps)) for number in range(rounds)]


def _joined(curve: dict[tuple[int, int], float], lengths: Sequence[int]) -> dict[float, float]:
    """A curve over the steps of all rounds, one after another; a gap where a round begins with a new network."""
    starts = np.cumsum([0, *lengths])
    points = {float(starts[number] + step): value for (number, step), value in curve.items()}
    gaps = {float(starts[number]) + 0.5: np.nan for number in {number for number, _ in curve} if number}
    return points | gaps


def _of_rounds(run: Run, name: str) -> dict[float, float]:
    records = run.result.get("rounds") or []
    values = {float(record["round"]): (record["labels"] or {}).get(name) for record in records}
    return {number: value for number, value in values.items() if value is not None}


def _mean(curves: Sequence[dict[float, float]]) -> Curve:
    """Over the points that all curves have."""
    x = sorted(set.intersection(*map(set, curves)))
    values = np.array([[curve[point] for point in x] for curve in curves], float).reshape(len(curves), len(x))
    return Curve(np.array(x), values.mean(0), values.std(0, ddof=1) if len(curves) > 1 else np.zeros(len(x)))
