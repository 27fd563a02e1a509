"""A test set drawn from labeled data that has none."""

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.core.ranges import Fraction, enforce_ranges


@enforce_ranges
def carve_test(
    targets: NDArray[np.int64], fraction: Fraction, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draws the same fraction of each class as test rows. Every class keeps at least one row.

    Args:
        targets: (N,), all known.
        fraction: Of each class.
        seed: Of the draw.

    Returns:
        The indices of the other rows and those of the test rows, both ascending.

    Raises:
        SemisupError: If the fraction is above 0 and too small to give one test row.
    """
    random = np.random.default_rng(seed)
    chosen: list[int] = []
    for target in np.unique(targets):
        rows = random.permutation(np.flatnonzero(targets == target))
        chosen.extend(rows[: min(round(len(rows) * fraction), len(rows) - 1)])
    test = np.sort(np.array(chosen, dtype=np.int64))
    if fraction > 0 and not len(test):
        raise SemisupError(
            f"data.test_fraction={fraction} of {len(targets):,} labeled rows leaves none in any class to test on; "
            f"raise it, or set it to 0 for no test set."
        )
    return np.setdiff1d(np.arange(len(targets)), test), test
