"""The audit's figures, by hand."""

import numpy as np
import pytest
import torch

from semisup.audit import Audit
from semisup.methods.base import PseudoLabels


def reading(target: list[int], weight: list[float], confidence: list[float], truth: list[int]) -> dict:
    audit = Audit(np.array(truth), ("cat", "dog"), every=1)
    audit.count(PseudoLabels(torch.tensor(target), torch.tensor(weight), torch.tensor(confidence)), torch.tensor(truth))
    audit.read((audit.per_class.clone(), audit.bins.clone()))
    return audit.reading


def test_coverage_counts_images_and_accuracy_weighs_them():
    """Four images of known class, one of unknown class that counts nowhere. Used: 3 of 4. Right: the first, and the
    third with weight .5; wrong: the second. Accuracy 1.5 / 2.5. Cats: 2 of 2 used, one right; dogs: 1 of 2, right.
    """
    figures = reading([0, 1, 1, 1, 0], [1.0, 1.0, 0.5, 0.0, 1.0], [0.9] * 5, [0, 0, 1, 1, -1])
    assert figures["coverage"] == pytest.approx(0.75)
    assert figures["accuracy"] == pytest.approx(0.6)
    assert figures["per_class"]["cat"] == {"accuracy": 0.5, "coverage": 1.0}
    assert figures["per_class"]["dog"] == {"accuracy": 1.0, "coverage": 0.5}


def test_calibration_error_is_of_all_images_used_or_not():
    """Two images at confidence .9, one right: |.5 - .9| · 2/4. Two at .6, both right: |1 - .6| · 2/4. Sum .4."""
    figures = reading([0, 1, 0, 1], [1.0, 1.0, 0.0, 0.0], [0.9, 0.9, 0.6, 0.6], [0, 0, 0, 1])
    assert figures["calibration_error"] == pytest.approx(0.4)


def test_no_pseudo_label_used_and_no_truth_known_are_said_and_not_divided_by():
    assert reading([0], [0.0], [0.5], [0])["accuracy"] is None
    assert reading([0], [1.0], [0.5], [-1]) is None


def test_readings_come_at_each_evaluation_and_start_anew(run, outcome):
    run("method=pseudo_label", "method.threshold=0")
    header, *rows = outcome()["metrics"].splitlines()
    column = header.split(",").index("pseudo_labels/coverage")
    assert [row.split(",")[0] for row in rows if row.split(",")[column]] == ["4", "8", "12"]
    assert outcome()["result"]["pseudo_labels"]["coverage"] == 1.0
