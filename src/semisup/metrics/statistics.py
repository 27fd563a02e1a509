"""Statistics of a comparison: means over seeds, paired tests, and their correction for being many."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, ttest_1samp

FEWEST = 3  # with two values Student's interval reaches 13 standard errors to either side


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds. interval: its 95 % interval; p: of its being 0. None where the seeds cannot tell."""

    seeds: int
    mean: float
    sd: float | None
    interval: tuple[float, float] | None
    p: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimate":
        """From one value in % for each seed. Of differences, this is the paired t-test."""
        mean, sd = float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None
        if len(values) < FEWEST or np.ptp(values) < 1e-4:  # of equal values a t-test would be certain
            return cls(len(values), mean, sd, None, None)
        test = ttest_1samp(values, 0)
        low, high = test.confidence_interval(0.95)
        return cls(len(values), mean, sd, (float(low), float(high)), float(test.pvalue))


@dataclass(frozen=True)
class McNemar:
    """McNemar's exact test (1947) of two networks on the same test images.

    worse: images that only the first network has right. better: images that only the second has right. p: two-sided,
    of so uneven a division of these by a fair coin (the exact form, not the mid-p one, which is less careful).
    """

    worse: int
    better: int
    p: float

    @classmethod
    def of(cls, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> "McNemar":
        """first, second: (N,), which of the N test images each network has right."""
        worse, better = int((first & ~second).sum()), int((second & ~first).sum())
        p = float(binomtest(better, worse + better).pvalue) if worse + better else 1.0
        return cls(worse, better, p)


def holm(values: Sequence[float]) -> list[float]:
    """p-values corrected for being many (Holm, 1979), in the order given; at most 1.

    The chance of even one false alarm stays below the level, however the tests depend on one another: those of a
    comparison share their baseline. Five lines, as scipy has only corrections of the false discovery rate, which
    promise less, and statsmodels would bring pandas with it.
    """
    order = np.argsort(values)
    factors = np.arange(len(values), 0, -1)
    corrected = np.empty(len(values))
    corrected[order] = np.maximum.accumulate(np.minimum(np.asarray(values)[order] * factors, 1))
    return [float(p) for p in corrected]
