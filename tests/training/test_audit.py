"""The audit's figures, by hand."""

import numpy as np
import pytest
import torch

from semisup.labelers import Labels
from semisup.methods import PseudoLabels
from semisup.training.audit import Audit, pseudo_label_metrics


def last_report(target: list[int], weight: list[float], confidence: list[float], truth: list[int]) -> dict:
    audit = Audit(np.array(truth), ("cat", "dog"), every=1)
    audit.update(
        PseudoLabels(torch.tensor(target), torch.tensor(weight), torch.tensor(confidence)), torch.tensor(truth)
    )
    audit.compute((audit.per_class.clone(), audit.bins.clone()))
    return audit.last_report


def test_coverage_counts_images_and_accuracy_weighs_them():
    """Four images of known class, one of unknown class that counts nowhere. Used: 3 of 4. Right: the first, and the
    third with weight .5; wrong: the second. Accuracy 1.5 / 2.5. Cats: 2 of 2 used, one right; dogs: 1 of 2, right.
    """
    figures = last_report([0, 1, 1, 1, 0], [1.0, 1.0, 0.5, 0.0, 1.0], [0.9] * 5, [0, 0, 1, 1, -1])
    assert figures["coverage"] == pytest.approx(0.75)
    assert figures["accuracy"] == pytest.approx(0.6)
    assert figures["per_class"]["cat"] == {"accuracy": 0.5, "coverage": 1.0}
    assert figures["per_class"]["dog"] == {"accuracy": 1.0, "coverage": 0.5}


def test_calibration_error_is_of_all_images_used_or_not():
    """Two images at confidence .9, one right: |.5 - .9| · 2/4. Two at .6, both right: |1 - .6| · 2/4. Sum .4."""
    figures = last_report([0, 1, 0, 1], [1.0, 1.0, 0.0, 0.0], [0.9, 0.9, 0.6, 0.6], [0, 0, 0, 1])
    assert figures["calibration_error"] == pytest.approx(0.4)


def test_no_pseudo_label_used_and_no_truth_known_are_said_and_not_divided_by():
    assert last_report([0], [0.0], [0.5], [0])["accuracy"] is None
    assert last_report([0], [1.0], [0.5], [-1]) is None


def test_readings_come_at_each_evaluation_and_start_anew(run, outcome):
    run("method=pseudo_label", "method.threshold=0")
    header, *rows = outcome()["metrics"].splitlines()
    column = header.split(",").index("pseudo_labels/coverage")
    assert [row.split(",")[0] for row in rows if row.split(",")[column]] == ["4", "8", "12"]
    assert outcome()["result"]["pseudo_labels"]["coverage"] == 1.0


def test_quality_by_hand():
    """Five images, classes 0 0 1 1 and one unknown. Labels 0 1 1 0 1, kept with weight 1, 1, ½, 0, 1.

    Of the known: kept 3, right 1 + ½ of weight 2½; right kept or not: 0 and 1, 2 of 4. Before: 0 1 0 0 1, all kept: the
    same are 4 of 5; changed: the third has another class, the fourth is not kept any more: 2 of 5.
    """
    labels = Labels(np.array([0, 1, 1, 0, 1]), np.float32([1, 1, 0.5, 0, 1]), np.float32([0.9] * 5))
    before = Labels(np.array([0, 1, 0, 0, 1]), np.ones(5, np.float32), np.float32([0.9] * 5))
    figures = pseudo_label_metrics(labels, np.array([0, 0, 1, 1, -1]), ("cat", "dog"), before)
    assert (figures["images"], figures["kept"], figures["coverage"]) == (5, 4, 0.8)
    assert figures["accuracy"] == pytest.approx(1.5 / 2.5)
    assert figures["accuracy_of_all"] == 0.5
    assert figures["agreement"] == 0.8
    assert figures["changed"] == 0.4
    assert figures["per_class"]["cat"] == {"accuracy": 0.5, "coverage": 1.0}
    assert figures["per_class"]["dog"] == {"accuracy": 1.0, "coverage": 0.5}


def test_images_of_which_a_file_says_nothing_count_as_neither_right_nor_wrong():
    """Three images of class 0; the file has a row of the first, which is right, and of the second, which is not."""
    labels = Labels(np.array([0, 1, 0]), np.float32([1, 1, 0]), np.float32([1, 1, 0]))
    figures = pseudo_label_metrics(labels, np.array([0, 0, 0]), ("cat", "dog"), labels)
    assert (figures["accuracy_of_all"], figures["accuracy"], figures["agreement"]) == (0.5, 0.5, 1.0)
    assert figures["coverage"] == pytest.approx(2 / 3)


def test_quality_without_any_truth_still_counts_what_was_kept():
    labels = Labels(np.array([0, 1]), np.float32([1, 0]), np.float32([0.9, 0.3]))
    figures = pseudo_label_metrics(labels, np.array([-1, -1]), ("cat", "dog"))
    assert (figures["coverage"], figures["accuracy"], figures["accuracy_of_all"]) == (0.5, None, None)
