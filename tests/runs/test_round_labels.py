"""What labelers of a run's rounds are given, and what becomes of their labels."""

from typing import ClassVar

import numpy as np
import pytest

from semisup.labelers import LabelerInputs, Labels
from semisup.runs.labeling import label_warning
from tests.runs.test_rounds import STUDENTS, only, table


class Nobody:
    """A labeler that keeps nothing."""

    def __call__(self, bank: LabelerInputs) -> Labels:
        zero = np.zeros(len(bank.index), np.float32)
        return Labels(np.zeros(len(bank.index), np.int64), zero, zero + np.float32(0.25))


class OneClass:
    """A labeler to whom everything is class 3."""

    def __call__(self, bank: LabelerInputs) -> Labels:
        one = np.ones(len(bank.index), np.float32)
        return Labels(np.full(len(bank.index), 3), one, one)


class Remembers:
    """A labeler that keeps all, and what it was given."""

    banks: ClassVar[list[LabelerInputs]] = []

    def __call__(self, bank: LabelerInputs) -> Labels:
        self.banks.append(bank)
        one = np.ones(len(bank.index), np.float32)
        assert bank.logits is not None
        return Labels(bank.logits.argmax(-1), one, one)


def test_a_teacher_that_is_sure_of_nothing_is_the_result_with_a_warning(run):
    result = run(*STUDENTS, "labeler._target_=tests.runs.test_round_labels.Nobody", "~labeler.threshold")
    assert len(result["rounds"]) == 1
    assert result["round"] == 0
    assert "no pseudo-label is kept: the highest confidence is 0.25" in result["rounds"][0]["warning"]
    assert result["test"] == run("method=supervised")["test"]


def test_pseudo_labels_of_a_single_class_are_warned_of_and_the_run_ends(run):
    result = run(*STUDENTS, "labeler._target_=tests.runs.test_round_labels.OneClass", "~labeler.threshold")
    assert "are of one class, '3'" in result["rounds"][0]["warning"]
    assert len(result["rounds"]) == 3
    assert 0 <= result["test"]["accuracy"] <= 1


def test_a_class_without_pseudo_labels_is_named():
    labels = Labels(np.array([0, 1, 2]), np.float32([1, 1, 0]), np.float32([1, 1, 1]))
    assert label_warning(labels, ("cat", "dog", "owl")) == "no pseudo-label is of class owl."
    assert label_warning(labels._replace(weight=np.ones(3, np.float32)), ("cat", "dog", "owl")) is None


def test_a_labeler_sees_the_classes_of_labeled_images_only_and_validation_images_apart(run, tmp_path):
    Remembers.banks.clear()
    run(
        *STUDENTS,
        "labeler._target_=tests.runs.test_round_labels.Remembers",
        "~labeler.threshold",
        "rounds.students=1",
    )
    split = np.load(only(tmp_path / "runs") / "split.npz")
    for bank in Remembers.banks:
        assert bank.index.tolist() == sorted([*split["labeled"], *split["unlabeled"]])
        assert bank.index[bank.label >= 0].tolist() == split["labeled"].tolist()
        assert bank.validation is not None
        assert bank.validation.index.tolist() == split["validation"].tolist()
        assert (bank.validation.label >= 0).all()
    assert len(Remembers.banks) == 2


def test_rounds_end_when_the_labels_stay_the_same(run):
    """A labeler that always says the same changes nothing: one student."""
    more = (
        *STUDENTS,
        "labeler._target_=tests.runs.test_round_labels.OneClass",
        "~labeler.threshold",
        "rounds.students=5",
    )
    result = run(*more, "rounds.tolerance=0")
    assert len(result["rounds"]) == 2
    assert result["rounds"][1]["labels"]["changed"] == 0


@pytest.mark.parametrize("labeler", ["clusters", "propagation"])
def test_clusters_of_the_teachers_features_are_labels_too(labeler, run, tmp_path):
    more = ["labeler.neighbors=10"] if labeler == "propagation" else ["labeler.unnamed=nearest"]
    result = run("method=self_training", f"labeler={labeler}", "rounds.students=1", "trainer.max_steps=60", *more)
    labels = result["rounds"][0]["labels"]
    assert labels["coverage"] > 0.9
    assert labels["accuracy"] > 0.5, "far from the tenth that chance would give"
    assert [r["kind"] for r in result["rounds"]] == ["teacher", "student"]
    assert len(set(table(only(tmp_path / "runs"), 0)["label"])) > 5


def test_the_share_of_images_that_are_kept_grows_with_the_rounds(run):
    result = run("method=self_training", "labeler.threshold=0", "labeler.share=.4", "rounds.students=2")
    coverage = [record["labels"]["coverage"] for record in result["rounds"] if record["labels"]]
    assert coverage == pytest.approx([0.4, 0.8, 1.0], abs=0.01)
