"""Figures of merit, by hand."""

import numpy as np
import pytest
import torch

from semisup.metrics.classification import accuracy_interval, confusion_matrix, scores, summary


def test_scores():
    """Three images: p = .8 right, .6 right, .8 wrong. Accuracy 2/3. Loss (-log .8 - log .6 - log .2) / 3.

    Calibration: at .8 one of two right, |.5 - .8| · 2/3; at .6 one of one, |1 - .6| · 1/3; sum .3333.
    """
    logits = torch.tensor([[0.8, 0.2], [0.4, 0.6], [0.8, 0.2]]).log()
    figures = scores(logits, torch.tensor([0, 1, 1]))
    assert figures["accuracy"].item() == pytest.approx(2 / 3)
    assert figures["loss"].item() == pytest.approx(-(np.log(0.8) + np.log(0.6) + np.log(0.2)) / 3, abs=1e-6)
    assert figures["calibration_error"] == pytest.approx(1 / 3, abs=1e-6)


def test_the_interval_is_wilsons():
    """8 of 10: center (.8 + 1.92073/10) / (1 + 3.84146/10) = .71672, half width .22689 (Wilson, 1927)."""
    assert accuracy_interval(8, 10) == pytest.approx((0.49016, 0.94332), abs=1e-4)


def test_confusion_has_the_truth_in_rows():
    assert confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]), 2).tolist() == [[1, 1], [0, 1]]


def test_a_class_without_test_images_has_no_accuracy():
    figures = summary(torch.tensor([[2.0, 0.0, 0.0]]), torch.tensor([0]), ("a", "b", "c"))
    assert figures["per_class"] == {"a": 1.0, "b": None, "c": None}
    assert figures["images"] == 1
