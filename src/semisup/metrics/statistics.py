"""Statistics of a comparison: means over seeds, paired tests, and corrected p-values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, ttest_1samp

FEWEST = 3  # with two values Student's interval reaches 13 standard errors to either side


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds.

    Args:
        seeds: How many.
        mean: In the unit of the values.
        sd: The standard deviation (with N - 1); None for one seed.
        interval: The 95 % confidence interval by Student's t; None for fewer than three seeds, or equal values.
        p: Of the t-test against a mean of 0; None as above.
    """

    seeds: int
    mean: float
    sd: float | None
    interval: tuple[float, float] | None
    p: float | None

    @property
    def mean_and_sd(self) -> str:
        """The mean and, for two seeds or more, the standard deviation, as in '52.00 ± 2.00'."""
        return f"{self.mean:.2f}" if self.sd is None else f"{self.mean:.2f} ± {self.sd:.2f}"

    def interval_text(self, form: str = ".2f") -> str | None:
        """The interval, as in '47.03 to 56.97'.

        Args:
            form: How each limit is formatted; '+.2f' for differences.

        Returns:
            The text; None without an interval.
        """
        return self.interval and f"{self.interval[0]:{form}} to {self.interval[1]:{form}}"

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimate":
        """The estimate from one value in % for each seed; of differences, this is the paired t-test.

        Args:
            values: At least one.

        Returns:
            Their estimate.
        """
        mean, sd = float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None
        if len(values) < FEWEST or np.ptp(values) < 1e-4:  # of equal values a t-test would be certain
            return cls(len(values), mean, sd, None, None)
        test = ttest_1samp(values, 0)
        low, high = test.confidence_interval(0.95)
        return cls(len(values), mean, sd, (float(low), float(high)), float(test.pvalue))


@dataclass(frozen=True)
class McNemar:
    """McNemar's exact test (1947) of two networks on the same test images.

    Args:
        worse: How many images only the first network predicts correctly.
        better: How many only the second one does.
        p: Two-sided, of the exact binomial test with probability 1/2. The mid-p form is less conservative.
    """

    worse: int
    better: int
    p: float

    @classmethod
    def of(cls, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> "McNemar":
        """The test, from which of the N test images each network predicts correctly.

        Args:
            first: (N,) bool, of the first network.
            second: (N,) bool, of the second one.

        Returns:
            The counts and p.
        """
        worse, better = int((first & ~second).sum()), int((second & ~first).sum())
        p = float(binomtest(better, worse + better).pvalue) if worse + better else 1.0
        return cls(worse, better, p)


def holm(values: Sequence[float]) -> list[float]:
    """p-values corrected for multiple tests.

    The chance of one false alarm or more stays below the level, however the tests depend on each other: those of a
    comparison share their baseline. Our own five lines: scipy corrects the false discovery rate only, which is weaker,
    and statsmodels would add itself and pandas to the dependencies.

    Source: Holm, 1979.

    Args:
        values: p-values.

    Returns:
        The corrected ones, in the same order, at most 1.
    """
    order = np.argsort(values)
    factors = np.arange(len(values), 0, -1)
    corrected = np.empty(len(values))
    corrected[order] = np.maximum.accumulate(np.minimum(np.asarray(values)[order] * factors, 1))
    return [float(p) for p in corrected]
