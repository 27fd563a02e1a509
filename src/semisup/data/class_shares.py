"""How many images each class gets: equal shares, a long tail, and whole numbers of given shares."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.ranges import Range, enforce_ranges

Shape = Literal["tail", "middle", "head_tail"]
Imbalance = Annotated[float, Range(1)] | Annotated[float, Range(high=-1)]


@enforce_ranges
def long_tail(classes: int, imbalance: Imbalance, shape: Shape = "tail") -> NDArray[np.float64]:
    """Shares of the classes of which the largest is γ times the smallest: γ^(-i/(K-1)) for the i-th largest.

    Args:
        classes: K.
        imbalance: γ ≥ 1; or ≤ -1 to reverse the order.
        shape: The largest classes are the first ones ('tail'), those in the middle, or the first and the last ones
            ('head_tail').

    Returns:
        (K,), of sum 1.
    """
    tail = abs(imbalance) ** (-np.arange(classes) / max(classes - 1, 1))
    tail = (tail if imbalance > 0 else tail[::-1]) / tail.sum()
    if shape == "tail":
        return tail
    from_middle = np.abs(np.arange(classes) - (classes - 1) / 2)
    order = np.argsort(from_middle if shape == "middle" else -from_middle, kind="stable")
    shares = np.empty_like(tail)
    shares[order] = tail
    return shares


def counts_from_largest(largest: int, shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many images each class gets if the largest class gets N1: ⌊N1 · share / largest share⌋, as in the literature.

    Args:
        largest: N1.
        shares: (K,), as from `long_tail`.

    Returns:
        Whole numbers (K,).
    """
    return np.floor(largest * shares / shares.max() + 1e-9).astype(np.int64)


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


def apportion_within(
    total: int, shares: NDArray[np.float64], room: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Divides a number where some classes cannot take their share: what they leave goes to the others.

    Args:
        total: The number, at most the sum of `room`.
        shares: (K,), at least 0, and above 0 where there is room.
        room: The most that each class can take, (K,).
        rng: As in `apportion`.

    Returns:
        Whole numbers (K,) of sum `total`.
    """
    counts = apportion(total, shares, rng)
    full = counts > room
    while (counts > room).any():
        counts = np.where(full, room, 0)
        counts += apportion(total - int(counts.sum()), np.where(full, 0.0, shares), rng)
        full |= counts > room
    return counts
