"""Temperatures that can be worked out on paper."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from semisup.calibration import fit_temperature, softmax
from semisup.errors import SemisupError

LOG9 = np.log(9)


def test_the_temperature_makes_the_network_as_sure_as_it_is_right():
    """Four images of two classes, each with p = .9 for class 0, three of them right. The best p is then 3/4:

    1 / (1 + exp(-log 9 / T)) = 3/4, so log 9 / T = log 3, and T = 2.
    """
    logits = np.array([[LOG9, 0]] * 4, np.float32)
    assert_allclose(fit_temperature(logits, np.array([0, 0, 0, 1])), 2, rtol=1e-4)


def test_a_network_that_is_not_sure_enough_gets_a_temperature_below_one():
    """p = .75 and right in 9 of 10: log 3 / T = log 9, T = 1/2. The wrong one counts by its own class."""
    logits = np.array([[np.log(3), 0]] * 5 + [[0, np.log(3)]] * 5, np.float32)
    assert_allclose(fit_temperature(logits, np.array([0] * 5 + [1] * 4 + [0])), 0.5, rtol=1e-4)


def test_a_number_added_to_an_images_logits_changes_nothing():
    logits = np.array([[LOG9 + 50, 50], [LOG9 - 50, -50], [LOG9, 0], [LOG9, 0]], np.float32)
    assert_allclose(fit_temperature(logits, np.array([0, 0, 0, 1])), 2, rtol=1e-4)


@pytest.mark.parametrize(("label", "bound"), [(0, 0.05), (1, 20.0)])
def test_without_an_error_or_without_a_hit_the_temperature_stays_in_its_bounds(label, bound):
    assert_allclose(fit_temperature(np.array([[1.0, 0.0]] * 3), np.full(3, label)), bound, rtol=1e-4)


def test_no_validation_images_is_one_sentence():
    with pytest.raises(SemisupError, match=r"there are none: ask for data\.validation"):
        fit_temperature(np.zeros((0, 2)), np.zeros(0, np.int64))


def test_softmax_of_logits_over_a_temperature():
    """Gap log 9: p = 9/10. At T = 2 the gap is log 3: p = 3/4. A gap of 2,000 is 1 and 0 and no overflow."""
    assert_allclose(softmax(np.array([[LOG9, 0]])), [[0.9, 0.1]])
    assert_allclose(softmax(np.array([[LOG9, 0]]), temperature=2), [[0.75, 0.25]])
    with np.errstate(over="raise", invalid="raise"):
        assert_allclose(softmax(np.array([[1000, -1000]], np.float32)), [[1, 0]])
