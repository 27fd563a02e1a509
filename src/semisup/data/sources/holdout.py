"""A test set carved out of labeled data that came without one."""

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError


def carve_test(
    targets: NDArray[np.int64], fraction: float, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the rows that stay and of the test rows, both ascending: the same share of each class, at random.

    targets: (N,), all known. Every class keeps at least one row. Raises SemisupError for a share outside [0, 1), or
    one so small that no row would be tested on.
    """
    if not 0 <= fraction < 1:
        raise SemisupError(f"data.test_fraction is {fraction}; it is a share and must be at least 0 and below 1.")
    random = np.random.default_rng(seed)
    chosen: list[int] = []
    for target in np.unique(targets):
        rows = random.permutation(np.flatnonzero(targets == target))
        chosen.extend(rows[: min(round(len(rows) * fraction), len(rows) - 1)])
    test = np.sort(np.array(chosen, dtype=np.int64))
    if fraction > 0 and not len(test):
        raise SemisupError(
            f"data.test_fraction={fraction} of {len(targets):,} labeled rows leaves none in any class to test on; "
            f"raise it, or set it to 0 to go without a test set."
        )
    return np.setdiff1d(np.arange(len(targets)), test), test
