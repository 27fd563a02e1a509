"""What cross-validation says of each candidate, and which one it chooses."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semisup.auto.trial import Trial

Interval = tuple[float, float]
_NORMAL = 1.96  # standard errors in a 95 % interval
_OUT = 2  # standard errors below the best, for another repeat
_NOT_AVERAGED = 3  # for the mean, in which a weaker candidate does little harm


@dataclass(frozen=True)
class Score:
    """A candidate in cross-validation. Intervals are 95 %, over images; accuracies are from 0 to 1.

    Args:
        name: The candidate's.
        accuracy: Of the held-out images, each counting once however often it was held out.
        interval: Of the accuracy.
        difference: To the labels alone, image by image.
        difference_interval: Of the difference.
        seconds: Of one training, on average.
        trainings: How many there were.
    """

    name: str
    accuracy: float
    interval: Interval
    difference: float
    difference_interval: Interval
    seconds: float
    trainings: int

    def to_json(self) -> dict[str, Any]:
        """The figures, ready for JSON."""
        return asdict(self)


def hits(trials: Sequence[Trial], label: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """How often each image was predicted correctly.

    Args:
        trials: Of one candidate.
        label: The classes of all images of the store, (N,).

    Returns:
        The images that were held out, ascending, and the share of their trials that was correct.
    """
    images = np.concatenate([trial.held_out for trial in trials])
    correct = np.concatenate([trial.logits.argmax(-1) for trial in trials]) == label[images]
    found, place = np.unique(images, return_inverse=True)
    return found, np.bincount(place, correct) / np.bincount(place)


def score(trials: Mapping[str, Sequence[Trial]], label: NDArray[np.int64]) -> list[Score]:
    """Scores candidates.

    Args:
        trials: Of each candidate, on the same folds; the first candidate is the labels alone.
        label: The classes of all images of the store, (N,); those of held-out images are read.

    Returns:
        A score for each candidate, in their order.
    """
    shares = {name: hits(done, label)[1] for name, done in trials.items()}
    baseline = next(iter(shares.values()))
    return [
        Score(
            name,
            float(share.mean()),
            _wilson(float(share.mean()), len(share)),
            float((share - baseline).mean()),
            _around((share - baseline).mean(), standard_error(share - baseline)),
            float(np.mean([trial.seconds for trial in trials[name]])),
            len(trials[name]),
        )
        for name, share in shares.items()
    ]


def out_of_reach(trials: Mapping[str, Sequence[Trial]], label: NDArray[np.int64]) -> list[str]:
    """The candidates so far below the best that another repeat would hardly change the choice.

    Args:
        trials: Of each candidate, on the same images; the first candidate is the labels alone.
        label: As in `score`.

    Returns:
        The names of those more than two standard errors of the paired difference below the best; never the first
        one's, to which all are compared.
    """
    below, error = _below_the_best(trials, label)
    return [name for name in list(trials)[1:] if below[name] > _OUT * error[name]]


def finalists(trials: Mapping[str, Sequence[Trial]], label: NDArray[np.int64]) -> list[str]:
    """The candidates that were trained in each repeat and are less than three standard errors below the best.

    Args:
        trials: Of each candidate; the first one is in each repeat.
        label: As in `score`.

    Returns:
        Their names. One that was out of reach after an earlier repeat has fewer trials than the first.
    """
    count = len(next(iter(trials.values())))
    raced = {name: done for name, done in trials.items() if len(done) == count}
    below, error = _below_the_best(raced, label)
    return [name for name in raced if below[name] <= _NOT_AVERAGED * error[name]]


def choose(trials: Mapping[str, Sequence[Trial]], label: NDArray[np.int64]) -> str:
    """The simplest candidate within one standard error of the best: that of their difference, image by image.

    Source: Breiman et al., 1984, Classification and Regression Trees, section 3.4.3. Departure: they take the standard
    error of the best one's figure. The paired one is smaller, as all candidates have the same folds.

    Args:
        trials: Of each candidate, the simplest first.
        label: As in `score`.

    Returns:
        The name of a finalist, which were trained in each repeat: in another repeat, the others may be worse than one
        that is out of reach was.
    """
    below, error = _below_the_best({name: trials[name] for name in finalists(trials, label)}, label)
    return next(name for name in below if below[name] <= error[name])  # the best itself is near


def standard_error(values: NDArray[np.float64]) -> float:
    """The standard error of a mean.

    Args:
        values: (n,), one for each image.

    Returns:
        The standard deviation over the root of n; 0 for one value.
    """
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else 0.0


def _below_the_best(
    trials: Mapping[str, Sequence[Trial]], label: NDArray[np.int64]
) -> tuple[dict[str, float], dict[str, float]]:
    """How far each candidate is below the best one, and the standard error of that."""
    shares = {name: hits(done, label)[1] for name, done in trials.items()}
    best = max(shares.values(), key=lambda share: share.mean())
    below = {name: best - share for name, share in shares.items()}
    return {n: float(d.mean()) for n, d in below.items()}, {n: standard_error(d) for n, d in below.items()}


def _wilson(accuracy: float, images: int) -> Interval:
    """Wilson's interval (1927) of a share that need not be a whole number of images."""
    spread = _NORMAL**2 / images
    middle = (accuracy + spread / 2) / (1 + spread)
    half = _NORMAL * math.sqrt(accuracy * (1 - accuracy) / images + spread / (4 * images)) / (1 + spread)
    return middle - half, middle + half


def _around(mean: float, error: float) -> Interval:
    return float(mean - _NORMAL * error), float(mean + _NORMAL * error)
