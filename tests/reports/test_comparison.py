"""Comparing runs: what is one group, what is paired with what, which group is the baseline."""

import json
from functools import partial
from pathlib import Path

import pytest

from semisup.core.errors import SemisupError
from semisup.metrics.statistics import McNemar
from semisup.reports.comparison.comparison import choose
from semisup.runs.found_runs import find_runs
from tests.reports import finished_runs
from tests.reports.finished_runs import FIXMATCH, PSEUDO_LABEL, SUPERVISED, compared, groups, three_seeds

EMA = {**SUPERVISED, "ema": 0.9}


@pytest.fixture
def write(tmp_path: Path) -> partial[Path]:
    return partial(finished_runs.write, tmp_path / "runs")


def test_differences_are_paired_by_seed(tmp_path):
    """Differences 3, 2, 4: mean 3; the one t-test is its own Holm correction."""
    baseline, better = compared(three_seeds(tmp_path)).rows
    assert (baseline.group.name, baseline.baseline, baseline.difference) == ("supervised", baseline.group, None)
    assert (better.baseline, better.difference.mean, better.difference.seeds) == (baseline.group, pytest.approx(3), 3)
    assert better.corrected == better.difference.p == pytest.approx(0.0351, abs=1e-4)


def test_p_values_are_corrected_for_all_groups(tmp_path, write):
    """Of two t-tests, p of fixmatch's 5, 5, 6 is the smaller and doubled; that of 3, 2, 4 stays."""
    folder = three_seeds(tmp_path / "runs")
    for seed, accuracy in enumerate((0.55, 0.57, 0.60)):
        write(f"c{seed}", seed, accuracy, FIXMATCH)
    _, pseudo_label, fixmatch = compared(folder).rows
    assert fixmatch.corrected == pytest.approx(2 * fixmatch.difference.p)
    assert pseudo_label.corrected == pytest.approx(pseudo_label.difference.p)


def test_only_seeds_that_both_have_are_paired(write):
    """Seeds 0 and 1 against 1 and 2: the one pair is 56 - 52 = 4, whatever the means are."""
    folders = [write("a0", 0, 0.1), write("a1", 1, 0.52)]
    folders += [write("b1", 1, 0.56, PSEUDO_LABEL), write("b2", 2, 0.9, PSEUDO_LABEL)]
    comparison = compared(*folders)
    row = comparison.rows[1]
    assert [(pair.run.folder.name, pair.baseline.folder.name) for pair in row.pairs] == [("b1", "a1")]
    assert (row.difference.seeds, row.difference.mean, row.difference.p) == (1, pytest.approx(4), None)
    assert [warning.partition(":")[0] for warning in comparison.warnings] == [
        "Too few seeds to say anything of the mean of supervised, pseudo_label"
    ]


def test_groups_without_a_common_seed_have_no_difference(write):
    assert compared(write("a", 0), write("b", 1, method=PSEUDO_LABEL)).rows[1].difference is None


def test_mcnemar_is_made_of_the_saved_predictions_of_each_pair(write):
    """Only pseudo_label predicts images 2 to 5 correctly, only supervised image 0: p = 2 (1 + 5) / 32 = .375."""
    a = write("a", 0, hits=[True, True, False, False, False, False])
    b = write("b", 0, method=PSEUDO_LABEL, hits=[False, True, True, True, True, True])
    (pair,) = compared(a, b).rows[1].pairs
    assert pair.test == McNemar(worse=1, better=4, p=pytest.approx(0.375))


def test_mcnemar_tests_are_corrected_for_all_pairs(write):
    """Five images that only one network predicts correctly: p = 2 / 32; of two such tests, 4 / 32."""
    folders = [write("a", 0, hits=[False] * 5)]
    folders += [
        write(name, 0, method=method, hits=[True] * 5) for name, method in (("b", PSEUDO_LABEL), ("c", FIXMATCH))
    ]
    rows = compared(*folders).rows[1:]
    assert [pair.corrected for row in rows for pair in row.pairs] == [pytest.approx(0.125)] * 2


def test_a_run_without_predictions_is_named_and_its_difference_stays(write):
    a, b = write("a", 0, 0.5), write("b", 0, 0.6, PSEUDO_LABEL, hits=[True])
    row = compared(a, b).rows[1]
    assert [(pair.test, pair.reason) for pair in row.pairs] == [(None, f"{a} has no predictions.npz")]
    assert row.difference.mean == pytest.approx(10)


@pytest.mark.parametrize("size", [0, 100])
def test_damaged_predictions_are_named(write, size):
    a, b = write("a", hits=[True]), write("b", method=PSEUDO_LABEL, hits=[True])
    file = b / "predictions.npz"
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(SemisupError, match=f"^{file} cannot be read: "):
        compared(a, b)


def test_each_number_of_labels_has_its_own_baseline_and_names_stay(write):
    """Steps follow the labels here, and so are no part of a name."""
    for labels, steps in ((60, 10), (600, 100)):
        write(f"a{labels}", 0, labels / 1000, labels=labels, max_steps=steps)
        write(f"b{labels}", 0, labels / 1000 + 0.05, PSEUDO_LABEL, labels=labels, max_steps=steps)
    comparison = compared(write("a6000", 0, 0.8, labels=6000, max_steps=1000).parent)
    assert [(row.group.split, row.group.name) for row in comparison.rows] == [
        ("labels=60", "supervised"),
        ("labels=60", "pseudo_label"),
        ("labels=600", "supervised"),
        ("labels=600", "pseudo_label"),
        ("labels=6000", "supervised"),
    ]
    assert [row.difference.mean for row in comparison.rows if row.difference] == pytest.approx([5, 5])
    assert comparison.follows == ("trainer.max_steps",)


def test_where_and_on_what_a_run_happened_makes_no_group(write):
    (group,) = groups(write("b", 1, devices=4, data_dir="elsewhere", options={"device_cache": True}), write("a", 0))
    assert group.label == "method=supervised"
    assert [run.seed for run in group.runs] == [0, 1]


def test_the_baseline_is_the_supervised_group_or_the_named_one(write):
    high, low = {**PSEUDO_LABEL, "threshold": 0.95}, {**PSEUDO_LABEL, "threshold": 0.5}
    first, second = groups(write("high", method=high), write("low", method=low))
    assert choose([first, second]) == {"": second}
    first, second, supervised = groups(*(f.folder for g in (first, second) for f in g.runs), write("supervised"))
    assert choose([first, second, supervised]) == {"": supervised}
    assert choose([first, second, supervised], "threshold=0.5 method=pseudo_label") == {"": second}
    ema = write("ema", method={**SUPERVISED, "ema": 0.9}).parent
    assert choose(groups(ema))[""].label == "method=supervised ema=0.0"
    with pytest.raises(SemisupError, match="fits none of the groups; did you mean 'method=supervised'"):
        choose([first, second, supervised], "method=superwised")
    with pytest.raises(SemisupError, match="fits 2 of the groups; give more words of one: ") as error:
        choose([first, second, supervised], "method=pseudo_label")
    assert str(error.value).endswith(": 'method=pseudo_label threshold=0.95', 'method=pseudo_label threshold=0.5'.")


def test_the_baseline_does_not_depend_on_the_order_of_folders(write):
    """Whichever of the two comes first; the first of the alphabet is it. Whoever names one has chosen."""
    folders = [write("a", method=EMA), write("b", method=PSEUDO_LABEL), write("c", method=SUPERVISED)]
    for order in (folders, folders[::-1]):
        comparison = compared(*order)
        assert {row.baseline.label for row in comparison.rows} == {"method=supervised ema=0.0"}
        assert comparison.choice == (
            "Several groups could be the baseline; it is 'method=supervised ema=0.0', and baseline=... chooses another."
        )
    assert compared(*folders, baseline="ema=0.9").choice == ""
    assert compared(*folders[:2]).choice == ""


def test_one_baseline_is_taken_for_all_parts_that_have_it(write):
    """Three numbers of labels have ema=0.9 and one of them ema=0.0 too, which a fourth alone has."""
    folders = [write("a", method=SUPERVISED)] + [write(f"b{n}", method=EMA, labels=n) for n in (60, 600, 6000)]
    folders += [write("c", method=SUPERVISED, labels=60000), write("d", method=FIXMATCH, labels=60000)]
    for order in (folders, folders[::-1]):
        comparison = compared(*order)
        taken = {row.group.split: row.baseline.label for row in comparison.rows}
        high, low = "method=supervised ema=0.9", "method=supervised ema=0.0"
        assert taken == {"labels=60": high, "labels=600": high, "labels=6000": high, "labels=60000": low}
        assert f"it is '{high}' (where that is lacking, '{low}'), and" in comparison.choice


def test_a_part_without_supervised_training_has_another_baseline(write):
    """Of two there; what most parts have is no better than what is supervised."""
    folders = [write("a", labels=60), write("b", labels=60, method=FIXMATCH)]
    folders += [
        write(f"{n}{i}", labels=n, method=m) for n in (600, 700) for i, m in enumerate((PSEUDO_LABEL, FIXMATCH))
    ]
    comparison = compared(*folders)
    taken = {row.group.split: row.baseline.name for row in comparison.rows}
    assert taken == {"labels=60": "supervised", "labels=600": "fixmatch", "labels=700": "fixmatch"}
    assert "it is 'method=supervised' (where that is lacking, 'method=fixmatch')" in comparison.choice


def test_a_baseline_is_of_one_kind_whatever_else_its_split_has(write):
    """Labels name a file of labels; the kind does not, and so both parts have the same baseline."""
    files = [{"options": {"labels_file": file}} for file in (None, "reviewed.csv")]
    folders = [write("a", method=EMA, **files[0]), write("b", method=SUPERVISED, **files[1])]
    comparison = compared(*folders, write("c", method=EMA, **files[1]))
    assert {row.baseline.kind for row in comparison.rows} == {"supervised ema=0.9"}
    assert "it is 'supervised ema=0.9', and" in comparison.choice
    assert {row.baseline.kind for row in compared(*folders, baseline="supervised ema=0.9").rows if row.baseline} == {
        "supervised ema=0.9"
    }


def test_a_named_baseline_is_looked_for_in_each_split(write):
    """With 600 labels there is no pseudo_label: nothing there is compared with anything."""
    folders = [write("a", 0), write("b", 0, method=PSEUDO_LABEL), write("c", 0, labels=600)]
    rows = compared(*folders, baseline="method=pseudo_label").rows
    assert [(row.group.split, row.baseline and row.baseline.name) for row in rows] == [
        ("labels=60", "pseudo_label"),
        ("labels=60", "pseudo_label"),
        ("labels=600", None),
    ]


def test_the_same_run_made_twice_is_refused_and_given_twice_counts_once(write):
    a, b = write("a"), write("b", devices=2)
    assert len(groups(a, a.parent / "a", f"{a.parent}/[a]")[0].runs) == 1
    with pytest.raises(SemisupError, match=r"/a and .*/b are the same run made twice"):
        groups(a, b)


def test_runs_without_a_test_accuracy_are_left_out_with_the_reason(write):
    runs = [write("a"), write("b")]
    for run, steps in zip(runs, (12, 0), strict=True):
        (run / "result.json").write_text(json.dumps({"test": None, "steps": steps}))
    reasons = [f"{runs[0]} (its data has no test images)", f"{runs[1]} (it trained no network)"]
    assert find_runs(runs) == ([], reasons)


def test_unfinished_runs_and_other_folders_are_named_as_left_out(write):
    run, unfinished = write("a", method=SUPERVISED), write("b")
    (unfinished / "result.json").unlink()
    (run.parent / "notes").mkdir()
    (run.parent / "multirun.yaml").touch()
    found, left_out = find_runs([f"{run.parent}/*"])
    assert [one.folder for one in found] == [run]
    assert left_out == [f"{run.parent / 'notes'} (holds no run)", f"{unfinished} (not finished)"]
    assert find_runs([str(run / "result.json")]) == ([], [f"{run / 'result.json'} (a file)"])
