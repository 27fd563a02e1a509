"""Seeds of the things that a run draws, each a function of the run's own seed."""

from typing import Literal

import numpy as np

# Any numbers would do, as long as they stay: the results of a seed depend on them.
_NUMBERS = {"weights": 0xBACB, "round": 0x20D, "folds": 0xF01D, "subsample": 0x5A1}


def seed_for(seed: int, what: Literal["weights", "round", "folds", "subsample"], *numbers: int) -> int:
    """The seed of one thing that a run draws.

    Args:
        seed: The run's.
        what: The thing: a network's initial weights, everything of a later round, or what is held out.
        numbers: Which of several, such as the number of the round.

    Returns:
        A 64-bit seed.
    """
    return mix_seed(seed, _NUMBERS[what], *numbers)


def mix_seed(*parts: int) -> int:
    """A well-mixed 64-bit seed of several numbers.

    Args:
        parts: Numbers of at least 0.

    Returns:
        A seed that another order or another number would change in half of its bits.
    """
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0])
