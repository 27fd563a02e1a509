"""What changes during a training: the learning rate, weights, thresholds and decays."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from semisup.core.ranges import Range

Schedule = Literal["constant", "cosine", "cosine_7_16", "linear", "step", "exponential"]
Annealing = Literal["none", "linear", "log", "exp"]
Decay = Annotated[float, Range(0, 1, above=True)]


def learning_rate_factor(schedule: Schedule, progress: float, decay_at: Sequence[float], decay_factor: float) -> float:
    """The learning rate after the warm-up, as a share of the highest one.

    Source: of cosine_7_16, Sohn et al., 2020, arXiv:2001.07685, section 2.4: cos(7π t / 16 T).

    Args:
        schedule: constant; cosine, ½ (1 + cos(π t)), falls to 0; cosine_7_16 falls to cos(7π / 16) = .2; linear falls
            to 0; step is multiplied by `decay_factor` at each of `decay_at`; exponential, f^t, falls to `decay_factor`.
        progress: t, the share of the training after the warm-up that is done.
        decay_at: Shares of the training, from 0 to 1.
        decay_factor: f.

    Returns:
        From 0 to 1.
    """
    return {
        "constant": 1.0,
        "cosine": 0.5 * (1 + math.cos(math.pi * progress)),
        "cosine_7_16": math.cos(7 * math.pi * progress / 16),
        "linear": 1 - progress,
        "step": decay_factor ** sum(progress >= share for share in decay_at),
        "exponential": decay_factor**progress,
    }[schedule]


def ramp_up(progress: float, start: float, end: float) -> float:
    """0 until `start`, then linearly up to 1 at `end`, then 1.

    Source: Lee, 2013, eq. 16.

    Args:
        progress: Where the training is, in the unit of `start` and `end`.
        start: Where the ramp begins.
        end: Where the ramp ends.

    Returns:
        From 0 to 1.
    """
    if progress >= end:
        return 1.0
    return max(0.0, (progress - start) / (end - start))


def annealed_threshold(progress: float, classes: int, schedule: Annealing) -> float:
    """The probability above which a labeled image is left out for now: from 1 / classes up to 1.

    Source: training signal annealing of Xie et al., 2020, arXiv:1904.12848.

    Args:
        progress: The share of the training that is done.
        classes: K.
        schedule: How the threshold rises; 'none' is 1 from the start.

    Returns:
        A probability.
    """
    rise = {
        "none": 1.0,
        "linear": progress,
        "log": 1 - math.exp(-5 * progress),
        "exp": math.exp(5 * (progress - 1)),
    }[schedule]
    return rise * (1 - 1 / classes) + 1 / classes


def average_decay(decay: float | None, step: int) -> float:
    """The decay of a moving average. Unless it is given it grows, so that a short training forgets its start.

    Args:
        decay: A constant decay; None = min(.999, (1 + t) / (10 + t)), which remembers about the last ninth.
        step: t, from 0.

    Returns:
        From 0 to 1.
    """
    return min(0.999, (1 + step) / (10 + step)) if decay is None else decay
