"""What is refused, why, and how it is marked when compared nevertheless."""

from functools import partial
from pathlib import Path

import pytest

from semisup.core.errors import SemisupError
from semisup.reports.comparison import formats, plots, tables
from tests.reports import finished_runs
from tests.reports.finished_runs import FIXMATCH, PSEUDO_LABEL, compared

TESTED = {"accuracy": 0.5, "loss": 1.5, "images": 500, "per_class": {"0": 0.5}}  # the figures of the test set


@pytest.fixture
def write(tmp_path: Path) -> partial[Path]:
    return partial(finished_runs.write, tmp_path / "runs")


@pytest.mark.parametrize("other", [{"images": 400}, {"data": "digits with another test set"}])
def test_other_test_images_are_refused(write, other):
    a, b = write("a", 0), write("b", 1, method=PSEUDO_LABEL, **other)
    with pytest.raises(SemisupError, match=r"/b: other data or test images than .*/a\.\n.*allow=true"):
        compared(a, b)


def test_another_split_of_the_same_seed_is_refused(write):
    a, b = write("a", split="one"), write("b", split="two", method=PSEUDO_LABEL)
    with pytest.raises(SemisupError, match=r"/b: the same seed as .*/a, but not the same labeled"):
        compared(a, b)


def test_splits_of_other_seeds_and_of_other_numbers_of_labels_may_differ(write):
    folders = [write("a", 0), write("b", 1), write("c", 0, labels=600)]
    assert not any(row.mark for row in compared(*folders).rows)


@pytest.fixture
def reviewed(write) -> list[Path]:
    """A run before a review, and one with the labels that it gave: another store and split, the same test images."""
    after = {"options": {"labels_file": "reviewed.csv"}, "split": "two", "data": "with the review"}
    return [write("a", test_data="t", data="without"), write("b", accuracy=0.6, test_data="t", **after)]


def test_runs_before_and_after_a_review_stand_in_one_table(reviewed):
    comparison = compared(*reviewed)
    assert [(row.group.split, row.mark) for row in comparison.rows] == [
        ("labels_file=null", False),
        ("labels_file=reviewed.csv", False),
    ]
    assert compared(*reviewed, baseline="labels_file=null", allow=True).rows[1].difference.mean == pytest.approx(10)


def test_a_review_does_not_excuse_other_test_images(reviewed, write):
    with pytest.raises(SemisupError, match="/c: other data or test images"):
        compared(*reviewed, write("c", 1, test_data="u", data="without"))


@pytest.mark.parametrize("figures", [{}, {"accuracy": 0.6}])
def test_validation_figures_of_other_images_than_the_splits_are_refused(write, figures):
    """The split has ten validation images; these figures are of 500."""
    with pytest.raises(SemisupError, match="/a: checkpoint chosen on test images"):
        compared(write("a", validation={**TESTED, **figures}))


def test_validation_figures_that_are_the_test_figures_are_refused(write):
    """Here both sets have ten images, so that their number says nothing."""
    with pytest.raises(SemisupError, match="/a: checkpoint chosen on test images"):
        compared(write("a", images=10, validation={**TESTED, "images": 10}))


def test_validation_on_the_split_is_fine(write):
    assert compared(write("a", validation={**TESTED, "images": 10})).objections == ()


def test_every_reason_is_named_and_many_runs_are_counted(write):
    folders = [write(f"a{seed}", seed) for seed in range(5)]
    folders += [write("b", 0, method=PSEUDO_LABEL, data="other"), write("c", 0, method=FIXMATCH, split="other")]
    with pytest.raises(SemisupError) as error:
        compared(*folders)
    said = str(error.value).splitlines()
    assert said[1].endswith("/a2 and 3 more.")
    assert "/c: " in said[2]
    assert "same seed" in said[2]


def test_what_is_allowed_is_marked_in_every_format(write):
    """Only the row of the other split has a dagger, and the reason is said each time."""
    folders = [write("a", split="one"), write("b", split="one", method=PSEUDO_LABEL)]
    folders += [write("c", split="two", method=FIXMATCH)]
    comparison = compared(*folders, allow=True)
    assert [(row.group.name, row.mark) for row in comparison.rows] == [
        ("supervised", False),
        ("pseudo_label", False),
        ("fixmatch", True),
    ]
    reason = f"{folders[2]}: the same seed as {folders[0]}, {folders[1]}, but not the same labeled"
    assert "| fixmatch † |" in formats.markdown(comparison)
    assert f"† Compared although: {reason}" in formats.markdown(comparison)
    assert r"fixmatch $\dagger$ &" in formats.latex(comparison)
    assert r"$\dagger$ Compared although: " in formats.latex(comparison)
    first, *_, last = formats.table_csv(comparison).splitlines()
    assert first.startswith(f"# † Compared although: {reason}")
    assert ",†," in last
    assert any(note.startswith("† Compared although: ") for note in tables.notes(comparison))
    (axes,) = plots.draw(comparison)[0]["accuracy"].axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["supervised", "pseudo_label", "fixmatch †"]


def test_a_baseline_that_cannot_be_compared_marks_every_row(write):
    folders = [write("a", split="one"), write("b", method=PSEUDO_LABEL), write("c", method=FIXMATCH)]
    assert all(row.mark for row in compared(*folders, allow=True).rows)


def test_a_baseline_of_another_split_takes_leave_to_be_paired(write):
    """One more label budget: without leave, it has no baseline; with it, 60 - 50 = 10 by seed, and a mark."""
    folders = [write("a", 0, 0.5), write("b", 0, 0.6, labels=600)]
    assert compared(*folders, baseline="labels=60").rows[1].baseline is None
    comparison = compared(*folders, baseline="labels=60", allow=True)
    assert comparison.rows[1].difference.mean == pytest.approx(10)
    assert [row.mark for row in comparison.rows] == [False, True]
    assert "do not have the same split" in comparison.objections[0]


def test_no_mcnemar_across_different_test_images(write):
    a = write("a", 0, hits=[True, False])
    b = write("b", 0, method=PSEUDO_LABEL, data="other", hits=[False, True])
    (pair,) = compared(a, b, allow=True).rows[1].pairs
    assert (pair.test, pair.reason) == (None, "other test images")
