"""The mean prediction of several candidates: with few labels it is often better than any of them.

The candidates' errors differ, and few labels cannot tell which of them is the best one.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from semisup.auto.folds import Fold
from semisup.auto.runner import TrialRunner
from semisup.auto.trial import Trial
from semisup.data import Split
from semisup.labelers import Labels
from semisup.metrics.calibration import softmax

AVERAGE = "average"  # the name of the candidate that learns the mean
_LEAST = 1e-12  # a probability, whose logarithm is taken


def average(trials: Sequence[Sequence[Trial]], temperatures: Sequence[float]) -> list[Trial]:
    """The trials that the mean of candidates would have.

    Args:
        trials: Of each candidate, on the same folds.
        temperatures: Of each candidate's probabilities.

    Returns:
        A trial for each fold: the logarithm of the mean probability, and the seconds of all candidates together.
    """
    together = []
    for same in zip(*trials, strict=True):
        mean = np.mean([softmax(one.logits, t) for one, t in zip(same, temperatures, strict=True)], axis=0)
        logits = np.log(np.maximum(mean, _LEAST)).astype(np.float32)
        together.append(Trial(same[0].held_out, logits, same[0].labels, sum(one.seconds for one in same)))
    return together


def average_labels(
    runner: TrialRunner,
    temperatures: Mapping[str, float],
    split: Split,
    shown: Callable[[int], None] = lambda done: None,
) -> Labels:
    """Trains candidates on all labels, and labels the unlabeled images by their mean.

    Args:
        runner: Has the candidates.
        temperatures: Of the probabilities of those that are averaged, by name.
        split: With all labels.
        shown: Is told how many trainings are done.

    Returns:
        Probabilities of the images `split.unlabeled`, in their order; the weight of an image is its confidence.
    """
    everything = Fold("all", split.unlabeled, split)
    trials = runner.run([(name, everything) for name in temperatures], shown)
    (mean,) = average([[trial] for trial in trials], list(temperatures.values()))
    probability = softmax(mean.logits).astype(np.float32)
    confidence = probability.max(-1)
    return Labels(probability, confidence, confidence)
