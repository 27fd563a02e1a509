"""The statistics of a comparison, against numbers worked by hand and against scipy's."""

from math import sqrt

import numpy as np
import pytest
from scipy.stats import binom, ttest_rel

from semisup.metrics.statistics import Estimate, McNemar, holm


def test_a_mean_over_three_seeds():
    """50, 52, 54: mean 52, sd √((4 + 0 + 4) / 2) = 2; t(.975; 2) = 4.30265 makes it 52 ± 4.30265 · 2 / √3 = 4.96827."""
    estimate = Estimate.of([50, 52, 54])
    assert (estimate.mean, estimate.sd, estimate.seeds) == (52, 2, 3)
    assert estimate.interval == pytest.approx((47.03173, 56.96827), abs=1e-5)


def test_differences_are_those_of_the_paired_t_test():
    """Differences 3, 2, 4: mean 3, sd 1, t = 3 / (1 / √3) = 5.19615; with 2 degrees p = 1 - t / √(t² + 2) = 0.03510."""
    estimate = Estimate.of([3, 2, 4])
    assert estimate.interval == pytest.approx((0.51586, 5.48414), abs=1e-5)  # 3 ± 4.30265 / √3
    assert estimate.p == pytest.approx(1 - sqrt(27) / sqrt(29))
    assert estimate.p == pytest.approx(ttest_rel([53, 54, 58], [50, 52, 54]).pvalue)


def test_two_seeds_and_equal_seeds_have_no_interval():
    assert Estimate.of([50.0, 52.0]) == Estimate(2, 51.0, sqrt(2), None, None)
    assert Estimate.of([50.0]) == Estimate(1, 50.0, None, None, None)
    assert Estimate.of([2.0, 2.0, 2.0]) == Estimate(3, 2.0, 0.0, None, None)


def test_mcnemar_counts_the_images_that_only_one_network_has_right():
    """Ten images: both right on 3, only the first on 1, only the second on 5, neither on 1.

    Of 6 fair coins, at most one head: (1 + 6) / 64; two-sided 14 / 64 = 0.21875.
    """
    first = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], bool)
    second = np.array([1, 1, 1, 0, 1, 1, 1, 1, 1, 0], bool)
    assert McNemar.of(first, second) == McNemar(worse=1, better=5, p=pytest.approx(14 / 64))
    assert McNemar.of(second, first) == McNemar(worse=5, better=1, p=pytest.approx(14 / 64))


def test_mcnemar_of_many_images_is_the_doubled_binomial_tail():
    first = np.repeat([True, False], [40, 60])
    assert McNemar.of(first, ~first).p == pytest.approx(2 * binom.cdf(40, 100, 0.5))


def test_networks_that_agree_on_every_image_do_not_differ():
    hits = np.array([True, False])
    assert McNemar.of(hits, hits) == McNemar(0, 0, 1.0)


def test_holm_multiplies_the_smallest_by_most_and_keeps_the_order():
    """.01 · 3 = .03; .03 · 2 = .06; .04 · 1 = .04, raised to .06, as no later p may be below an earlier one."""
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])


def test_holm_ends_at_one_and_leaves_a_single_test_alone():
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []
