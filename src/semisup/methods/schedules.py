"""Schedules of the learning rate."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from semisup.core.ranges import Range

Schedule = Literal["constant", "cosine", "cosine_7_16", "linear", "step", "exponential"]
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
