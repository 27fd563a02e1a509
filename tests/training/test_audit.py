"""The audit's figures, by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from semisup.data import Batch
from semisup.data.store import OUTLIER
from semisup.labelers import Labels
from semisup.methods import PseudoLabel, PseudoLabels, StepOutput
from semisup.training.audit import Audit, pseudo_label_metrics
from semisup.training.metrics_csv import read_metrics


class LabelsOnce(PseudoLabel):
    """A method from outside the package, that makes pseudo-labels in the steps in `at` only."""

    at = (0,)

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        output = super().loss(labeled, unlabeled)
        return output if self.trainer.global_step in self.at else replace(output, pseudo_labels=None)


def last_report(target: list[int], weight: list[float], confidence: list[float], truth: list[int]) -> dict:
    audit = Audit(np.array(truth), ("cat", "dog"), every=1)
    audit.update(
        PseudoLabels(torch.tensor(target), torch.tensor(weight), torch.tensor(confidence)), torch.tensor(truth)
    )
    audit.compute()
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


def test_what_is_used_is_known_without_the_truth():
    """Of five images of unknown class, three are used: two cats, one dog."""
    audit = Audit(np.full(5, -1), ("cat", "dog"), every=1)
    target, weight = torch.tensor([0, 0, 0, 1, 1]), torch.tensor([1.0, 0.5, 0.0, 1.0, 0.0])
    audit.update(PseudoLabels(target, weight, torch.full((5,), 0.9)), torch.full((5,), -1))
    again = Audit(np.full(5, -1), ("cat", "dog"), every=1)
    again.load_state_dict(audit.state_dict())
    for one in (audit, again):
        one.compute()
        assert one.last_report is None
        assert one.last_use == {
            "images": 5,
            "used": pytest.approx(0.6),
            "by_class": pytest.approx({"cat": 2 / 3, "dog": 1 / 3}),
        }


def test_outliers_are_counted_apart():
    """Three outliers of which two are used, and two cats, of which one is: 2 / 3 are covered, and 2 / 3 of the used are
    outliers. The figures of the classes know nothing of them. An image of which nobody knows the class counts nowhere.
    """
    truth = [OUTLIER, OUTLIER, OUTLIER, 0, 0, -1]
    figures = last_report([0] * 6, [1.0, 0.5, 0.0, 1.0, 0.0, 1.0], [0.9] * 6, truth)
    assert figures["outlier_coverage"] == figures["outlier_share"] == pytest.approx(2 / 3)
    assert (figures["coverage"], figures["accuracy"]) == (0.5, 1.0)
    assert "outlier_share" not in last_report([0], [1.0], [0.9], [0])


def test_calibration_error_is_of_all_images_used_or_not():
    """Two images at confidence .9, one right: |.5 - .9| · 2/4. Two at .6, both right: |1 - .6| · 2/4. Sum .4."""
    figures = last_report([0, 1, 0, 1], [1.0, 1.0, 0.0, 0.0], [0.9, 0.9, 0.6, 0.6], [0, 0, 0, 1])
    assert figures["calibration_error"] == pytest.approx(0.4)


def test_images_of_unknown_class_do_not_count_in_the_calibration_error():
    """Of three images at confidence .9, two of known class are correct: |1 - .9| = .1. With the third, which nobody can
    call correct, it would be |2/3 - .9| = .233.
    """
    figures = last_report([0, 1, 1], [1.0, 1.0, 1.0], [0.9, 0.9, 0.9], [0, 1, -1])
    assert figures["calibration_error"] == pytest.approx(0.1)


def test_no_pseudo_label_used_and_no_truth_known_are_said_and_not_divided_by():
    assert last_report([0], [0.0], [0.5], [0])["accuracy"] is None
    assert last_report([0], [1.0], [0.5], [-1]) is None


def test_steps_without_pseudo_labels_have_no_report(run, tmp_path):
    """40 steps with evaluations every 4. Only step 0 makes pseudo-labels, all of them used: coverage 1 at step 4, no
    row and no record of the steps that labeled nothing.
    """
    labels_once = ("method=pseudo_label", "method._target_=tests.training.test_audit.LabelsOnce", "method.threshold=0")
    result = run(*labels_once, "trainer.max_steps=40")
    (file,) = (tmp_path / "runs").glob("*/round0/metrics.csv")
    reports = {row["step"]: row for row in read_metrics(file) if any(name.startswith("pseudo") for name in row)}
    assert list(reports) == [4]
    assert reports[4]["pseudo_labels/coverage"] == 1
    assert result["pseudo_labels"] is None
    assert result["rounds"][0]["pseudo_labels"] is None


def test_a_report_comes_at_each_evaluation_and_starts_from_zero(run, outcome):
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


def test_changed_counts_the_images_that_are_kept_in_either_round():
    """Six images, all of class 0 before and now. Kept in both: one; now only: two; before only: one; never: two.

    Of the 4 kept in either round, 3 changed: .75. Of those kept now, 2 of 3; of those before, 1 of 2; of all, 3 of 6.
    """
    zero, confidence = np.zeros(6, np.int64), np.float32([0.9] * 6)
    now = Labels(zero, np.float32([1, 1, 1, 0, 0, 0]), confidence)
    before = Labels(zero, np.float32([1, 0, 0, 1, 0, 0]), confidence)
    assert pseudo_label_metrics(now, np.zeros(6, np.int64), ("cat", "dog"), before)["changed"] == 0.75


def test_an_image_never_kept_may_change_its_class_without_a_change():
    """Two images; the second has another class now, and was kept in neither round."""
    confidence, weight = np.float32([0.9, 0.9]), np.float32([1, 0])
    now, before = Labels(np.array([0, 1]), weight, confidence), Labels(np.array([0, 0]), weight, confidence)
    assert pseudo_label_metrics(now, np.array([0, 0]), ("cat", "dog"), before)["changed"] == 0


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
