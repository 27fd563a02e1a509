"""How many images each class gets: equal shares, a long tail, and whole numbers of given shares."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from semisup.core.ranges import Range, enforce_ranges

Imbalance = Annotated[float, Range(1)] | Annotated[float, Range(high=-1)]


@enforce_ranges
def long_tail(classes: int, imbalance: Imbalance) -> NDArray[np.float64]:
    """Shares of the classes of which the first has γ times the share of the last.

    Args:
        classes: K.
        imbalance: γ ≥ 1; or ≤ -1 to reverse the order.

    Returns:
        (K,), of sum 1.
    """
    tail = abs(imbalance) ** (-np.arange(classes) / max(classes - 1, 1))
    return (tail if imbalance > 0 else tail[::-1]) / tail.sum()


def apportion(total: int, shares: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Divides a number by the largest remainders.

    Args:
        total: The number.
        shares: (K,), at least 0, of any sum.
        rng: Draws which of several equal remainders are rounded up.

    Returns:
        Whole numbers (K,) of sum `total`, each within 1 of its share.
    """
    exact = total * shares / shares.sum()
    counts = np.floor(exact + 1e-9).astype(np.int64)
    ties = rng.permutation(len(shares))  # so that it is not always the first of equal classes
    order = ties[np.argsort(-(exact - counts)[ties], kind="stable")]
    counts[order[: total - counts.sum()]] += 1
    return counts
