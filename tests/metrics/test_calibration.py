"""Temperatures that can be worked out on paper."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from semisup.core.errors import SemisupError
from semisup.metrics.calibration import calibration_bins, calibration_error, fit_temperature, softmax

LOG9 = np.log(9)


def test_a_confidence_of_one_is_in_the_last_bin_and_an_edge_in_the_bin_above_it():
    """Bin 3 begins at 3/15 = .2. Of the last bin's two images one is correct: |1/2 - (1 + .95) / 2| · 2/4; each of the
    others is a bin of its own: (|1 - .2| + |0 - .4|) / 4. Sum .5375."""
    bins = calibration_bins(torch.tensor([0.2, 0.4, 0.95, 1.0]), torch.tensor([True, False, False, True]))
    assert bins[:, 0].tolist() == [0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert bins[:, 1].tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert calibration_error(bins) == pytest.approx(0.5375)


def test_bins_of_batches_add_up_and_a_weight_of_zero_leaves_an_image_out():
    confidence, correct = torch.tensor([0.9, 0.9, 0.5]), torch.tensor([1.0, 0.0, 1.0])
    bins = calibration_bins(confidence[:1], correct[:1]) + calibration_bins(confidence[1:], correct[1:])
    assert torch.equal(bins, calibration_bins(confidence, correct))
    assert torch.equal(
        calibration_bins(confidence, correct, torch.tensor([1.0, 0, 0]))[:, 0].nonzero(), torch.tensor([[13]])
    )


def test_the_calibration_error_is_that_of_torchmetrics():
    """To the last bit, where no confidence is 1 or lies on an edge."""
    from torchmetrics.functional.classification import multiclass_calibration_error

    logits, label = torch.randn(500, 10, generator=torch.Generator().manual_seed(0)), torch.arange(500) % 10
    confidence, predicted = logits.softmax(-1).max(-1)
    expected = multiclass_calibration_error(logits.softmax(-1), label, 10).item()
    assert calibration_error(calibration_bins(confidence, predicted == label)) == expected


def test_the_temperature_makes_the_confidence_equal_to_the_accuracy():
    """Four images of two classes, each with p = .9 for class 0, three of them right.

    With 1/6 of each counted for the other class, class 0 has (3 · 5/6 + 1/6) / 4 = 2/3, and the best p is that:
    1 / (1 + exp(-log 9 / T)) = 2/3, so log 9 / T = log 2.
    """
    logits = np.array([[LOG9, 0]] * 4, np.float32)
    assert_allclose(fit_temperature(logits, np.array([0, 0, 0, 1])), LOG9 / np.log(2), rtol=1e-4)


def test_many_images_outweigh_the_prior():
    """As above 3,000 times: (9,000 · (1 - s) + 3,000 · s) / 12,000 = 3/4 - s/2 with s = 1/12,002; at 3/4, T = 2."""
    logits = np.array([[LOG9, 0]] * 12_000, np.float32)
    share = 0.75 - 0.5 / 12_002
    expected = LOG9 / np.log(share / (1 - share))
    found = fit_temperature(logits, np.array([0, 0, 0, 1] * 3_000))
    assert_allclose(found, expected, rtol=1e-5)
    assert_allclose(found, 2, rtol=1e-3)


def test_an_underconfident_network_gets_a_temperature_below_one():
    """p = .75 and right in 9 of 10: (9 · 11/12 + 1/12) / 10 = 5/6, log 3 / T = log 5. The wrong one counts by its own
    class."""
    logits = np.array([[np.log(3), 0]] * 5 + [[0, np.log(3)]] * 5, np.float32)
    expected = np.log(3) / np.log(5)
    assert_allclose(fit_temperature(logits, np.array([0] * 5 + [1] * 4 + [0])), expected, rtol=1e-4)


def test_a_number_added_to_an_images_logits_changes_nothing():
    logits = np.array([[LOG9 + 50, 50], [LOG9 - 50, -50], [LOG9, 0], [LOG9, 0]], np.float32)
    assert_allclose(fit_temperature(logits, np.array([0, 0, 0, 1])), LOG9 / np.log(2), rtol=1e-4)


def test_twenty_images_without_an_error_do_not_make_the_network_certain():
    """Right in 21 of 22: 10 / T = log 21 where the second class is 10 behind and the third has no part."""
    logits = np.array([[10.0, 0, -1000]] * 20)
    found = fit_temperature(logits, np.zeros(20, np.int64))
    assert_allclose(found, 10 / np.log(21), rtol=1e-4)
    assert_allclose(softmax(logits, found).max(-1), 21 / 22, rtol=1e-4)


def test_a_network_without_a_hit_gets_the_highest_temperature():
    assert_allclose(fit_temperature(np.array([[1.0, 0.0]] * 3), np.full(3, 1)), 20, rtol=1e-4)


def test_no_validation_images_is_one_sentence():
    with pytest.raises(SemisupError, match=r"there are none: ask for data\.validation"):
        fit_temperature(np.zeros((0, 2)), np.zeros(0, np.int64))


def test_softmax_of_logits_over_a_temperature():
    """Gap log 9: p = 9/10. At T = 2 the gap is log 3: p = 3/4. A gap of 2,000 is 1 and 0 and no overflow."""
    assert_allclose(softmax(np.array([[LOG9, 0]])), [[0.9, 0.1]])
    assert_allclose(softmax(np.array([[LOG9, 0]]), temperature=2), [[0.75, 0.25]])
    with np.errstate(over="raise", invalid="raise"):
        assert_allclose(softmax(np.array([[1000, -1000]], np.float32)), [[1, 0]])
