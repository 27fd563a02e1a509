"""Figures of merit, by hand."""

import numpy as np
import pytest
import torch

from semisup.metrics.classification import (
    accuracy_interval,
    class_averages,
    confusion_matrix,
    scores,
    summary,
    top_k_accuracy,
)


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


def test_each_class_counts_as_much_as_another():
    """Recalls 3/4 and 1/1: their mean .875, their geometric mean √.75 = .86603. F1 are 6/7 and 2/3, of mean .76190.
    Class 2 is neither there nor predicted.
    """
    averages = class_averages(confusion_matrix(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 0, 0, 1]), 3))
    assert averages == pytest.approx({"balanced_accuracy": 0.875, "macro_f1": 0.76190, "g_mean": 0.86603}, abs=1e-5)


def test_a_class_that_is_never_found_makes_the_geometric_mean_0():
    averages = class_averages(confusion_matrix(np.array([0, 0]), np.array([0, 1]), 2))
    assert averages["g_mean"] == 0
    assert averages["macro_f1"] == pytest.approx(1 / 3)  # 2/3 and 0


def test_the_class_is_among_the_k_most_probable():
    logits = torch.tensor([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    assert top_k_accuracy(logits, torch.tensor([1, 2]), 2) == 0.5
    assert "top5_accuracy" not in summary(logits, torch.tensor([1, 2]), ("a", "b", "c"))
    assert summary(torch.eye(6), torch.arange(6), tuple("abcdef"))["top5_accuracy"] == 1.0
