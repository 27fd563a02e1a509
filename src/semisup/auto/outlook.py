"""What the held-out images say of the labels to come: how confident one must be, and what more labels bring."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semisup.auto.scores import hits
from semisup.auto.trial import Trial
from semisup.metrics.calibration import fit_temperature, softmax

GOALS = (0.95, 0.99)  # accuracies that a user may want of the images that are not looked at again
_FEWEST = 20  # held-out predictions that a threshold must rest on


def temperature(trials: Sequence[Trial], label: NDArray[np.int64]) -> float:
    """The temperature that fits the held-out predictions of all folds.

    Args:
        trials: Of the chosen candidate.
        label: The classes of all images of the store, (N,); those of held-out images are read.

    Returns:
        T.
    """
    return fit_temperature(np.concatenate([t.logits for t in trials]), _labels(trials, label))


def thresholds(trials: Sequence[Trial], label: NDArray[np.int64], fitted: float) -> list[dict[str, Any]]:
    """The least confidence from which the held-out predictions are as accurate as wanted.

    Args:
        trials: Of the chosen candidate.
        label: As in `temperature`.
        fitted: The temperature.

    Returns:
        For each goal its `goal`, the `confidence` (None if no threshold reaches the goal with 20 predictions above it)
        and the `share` of the predictions that are above it.
    """
    probability = softmax(np.concatenate([trial.logits for trial in trials]), fitted)
    order = np.argsort(-probability.max(-1), kind="stable")
    confidence = probability.max(-1)[order]
    correct = (probability.argmax(-1) == _labels(trials, label))[order]
    count = np.arange(1, len(order) + 1)
    accuracy = np.cumsum(correct) / count
    is_last = np.append(confidence[1:] < confidence[:-1], True)  # equal confidences stand or fall together
    found: list[dict[str, Any]] = []
    for goal in GOALS:
        enough = np.flatnonzero((accuracy >= goal) & (count >= _FEWEST) & is_last)
        last = enough[-1] if len(enough) else None
        found.append(
            {
                "goal": goal,
                "confidence": None if last is None else float(confidence[last]),
                "share": 0.0 if last is None else float(count[last] / len(order)),
            }
        )
    return found


def learning_curve(
    trials: Sequence[Sequence[Trial]], label: NDArray[np.int64], labels: int
) -> tuple[list[dict[str, float]], float | None]:
    """The accuracy with fewer labels, and what it lets expect of twice as many.

    The error is taken to fall as a power of the number of labels, c · n^-a with a ≥ 0, fitted by least squares to the
    logarithms. That is an extrapolation: it can be wrong by several points.

    Source: Hestness et al., 2017, arXiv:1712.00409, of the power law.

    Args:
        trials: Of the chosen candidate: groups with about the same number of labels.
        label: As in `temperature`.
        labels: How many there are.

    Returns:
        `labels` and `accuracy` of each group, and the expected accuracy with 2 · labels; None from fewer than two
        groups.
    """
    points = [
        {"labels": float(np.mean([t.labels for t in group])), "accuracy": float(hits(group, label)[1].mean())}
        for group in trials
        if len(group)
    ]
    points.sort(key=lambda point: point["labels"])
    if len({point["labels"] for point in points}) < 2:
        return points, None
    count = np.log([point["labels"] for point in points])
    held_out = sum(len(trial.held_out) for trial in trials[0])
    least = 0.5 / held_out  # an error of 0 has no logarithm
    error = np.log(np.maximum([1 - point["accuracy"] for point in points], least))
    slope = min(0.0, float(np.polyfit(count, error, 1)[0]))
    level = float((error - slope * count).mean())
    return points, float(1 - np.exp(min(0.0, level + slope * np.log(2 * labels))))


def _labels(trials: Sequence[Trial], label: NDArray[np.int64]) -> NDArray[np.int64]:
    return label[np.concatenate([trial.held_out for trial in trials])]
