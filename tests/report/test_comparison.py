"""Comparing runs: the statistics, what is paired with what, and what is refused."""

import json
import runpy
from collections.abc import Callable
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
import yaml
from scipy.stats import ttest_rel

from semisup.errors import SemisupError
from semisup.report.comparison import Estimate, choose, find, grouped
from semisup.report.labels import labels

main = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "compare.py"))["main"]

SUPERVISED = {"_target_": "semisup.methods.Supervised", "ema": 0.0}
PSEUDO_LABEL = {"_target_": "semisup.methods.PseudoLabel", "ema": 0.0, "threshold": 0.95}
BASELINE, BETTER = (0.50, 0.52, 0.54), (0.53, 0.54, 0.58)  # by seed


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes the folder of a finished run, as far as a comparison reads it."""

    def folder(
        name: str, seed: int = 0, accuracy: float = 0.5, method: dict[str, Any] = SUPERVISED, **more: Any
    ) -> Path:
        run = tmp_path / "runs" / name
        run.mkdir(parents=True)
        config = {
            "data": {"_target_": "semisup.data.sources.digits", "labels": 60},
            "method": method,
            "trainer": {"_target_": "semisup.training.Training", "max_steps": 12, "devices": more.get("devices", 1)},
            "logger": {"_target_": "semisup.loggers.csv_only"},
            "seed": seed,
            "batch": more.get("batch", {"labeled": 64, "ratio": 7}),
            "overwrite": False,
            "data_dir": more.get("data_dir", "data"),
            "runs_dir": "runs",
        }
        result = {
            "test": {"accuracy": accuracy, "images": more.get("images", 500)},
            "pseudo_labels": more.get("pseudo_labels"),
            "split": {"hash": more.get("split", f"split{seed}"), "data_fingerprint": more.get("data", "digits")},
        }
        (run / "config.yaml").write_text(yaml.safe_dump(config))
        (run / "result.json").write_text(json.dumps(result))
        return run

    return folder


@pytest.fixture
def runs(write: Callable[..., Path], tmp_path: Path) -> str:
    """Three seeds of supervised training and three of pseudo-labels, on the same splits."""
    for seed, (baseline, better) in enumerate(zip(BASELINE, BETTER, strict=True)):
        write(f"a{seed}", seed, baseline)
        write(f"b{seed}", seed, better, PSEUDO_LABEL, pseudo_labels={"accuracy": 0.9 + seed / 100, "coverage": 0.5})
    return str(tmp_path / "runs")


def groups(*folders: object) -> list[Any]:
    return grouped(find(map(str, folders))[0])


def test_a_mean_over_three_seeds():
    """50, 52, 54: mean 52, sd √((4 + 0 + 4) / 2) = 2; t(.975; 2) = 4.30265 makes it 52 ± 4.30265 · 2 / √3 = 4.96827."""
    estimate = Estimate.of([50, 52, 54])
    assert (estimate.mean, estimate.sd, estimate.seeds) == (52, 2, 3)
    assert estimate.interval == pytest.approx((47.03173, 56.96827), abs=1e-5)


def test_differences_are_those_of_the_paired_t_test(runs):
    """Differences 3, 2, 4: mean 3, sd 1, t = 3 / (1 / √3) = 5.19615; with 2 degrees p = 1 - t / √(t² + 2) = 0.03510.

    The interval is 3 ± 4.30265 / √3 = 3 ± 2.48414.
    """
    baseline, better = groups(runs)
    difference = better.difference(baseline)
    assert difference.mean == pytest.approx(3)
    assert difference.interval == pytest.approx((0.51586, 5.48414), abs=1e-5)
    assert difference.p == pytest.approx(1 - sqrt(27) / sqrt(29))
    assert difference.p == pytest.approx(ttest_rel(BETTER, BASELINE).pvalue)
    assert baseline.difference(better).mean == pytest.approx(-3)


def test_two_seeds_and_equal_seeds_have_no_interval():
    assert Estimate.of([50.0, 52.0]) == Estimate(2, 51.0, sqrt(2), None, None)
    assert Estimate.of([50.0]) == Estimate(1, 50.0, None, None, None)
    assert Estimate.of([2.0, 2.0, 2.0]) == Estimate(3, 2.0, 0.0, None, None)


def test_only_seeds_that_both_have_are_paired(write):
    """Seeds 0 and 1 against 1 and 2: the one pair is 56 - 52 = 4, whatever the means are."""
    folders = [write("a0", 0, 0.1), write("a1", 1, 0.52)]
    folders += [write("b1", 1, 0.56, PSEUDO_LABEL), write("b2", 2, 0.9, PSEUDO_LABEL)]
    baseline, other = groups(*folders)
    assert [(run.folder.name, of.folder.name) for run, of in other.pairs(baseline)] == [("b1", "a1")]
    assert other.difference(baseline) == Estimate(1, pytest.approx(4), None, None, None)


def test_groups_without_a_common_seed_have_no_difference(write):
    baseline, other = groups(write("a", 0), write("b", 1, method=PSEUDO_LABEL))
    assert other.difference(baseline) is None


def test_where_and_on_what_a_run_happened_makes_no_group(write):
    (group,) = groups(write("b", 1, devices=4, data_dir="elsewhere"), write("a", 0))
    assert group.label == "method=supervised"
    assert [run.seed for run in group.runs] == [0, 1]


def test_labels_say_what_differs_and_nothing_else():
    def config(method: dict[str, Any], **batch: int) -> dict[str, Any]:
        return {"batch": {"ratio": 7, **batch}, "method": method, "backbone": {"_target_": "m.MLP", "hidden": [32]}}

    low = {**PSEUDO_LABEL, "threshold": 0.0}
    assert labels([config(SUPERVISED), config(PSEUDO_LABEL)]) == ["method=supervised", "method=pseudo_label"]
    assert labels([config(low), config(PSEUDO_LABEL)]) == ["pseudo_label threshold=0.0", "pseudo_label threshold=0.95"]
    assert labels([config(SUPERVISED), config(low), config(PSEUDO_LABEL, ratio=3)]) == [
        "method=supervised, batch ratio=7",
        "method=pseudo_label threshold=0.0, batch ratio=7",
        "method=pseudo_label threshold=0.95, batch ratio=3",
    ]
    assert labels([config(SUPERVISED), config({**PSEUDO_LABEL, "ema": 0.999})]) == [
        "method=supervised ema=0.0",
        "method=pseudo_label ema=0.999",
    ]
    assert labels([config(SUPERVISED), config({"_target_": "mine.Supervised"})]) == [
        "method=semisup.methods.Supervised",
        "method=mine.Supervised",
    ]


def test_the_baseline_is_the_supervised_group_or_the_named_one(write):
    high, low = {**PSEUDO_LABEL, "threshold": 0.95}, {**PSEUDO_LABEL, "threshold": 0.5}
    first, second = groups(write("high", method=high), write("low", method=low))
    assert choose([first, second]) is first
    first, second, supervised = groups(*(f.folder for g in (first, second) for f in g.runs), write("supervised"))
    assert choose([first, second, supervised]) is supervised
    assert choose([first, second, supervised], "threshold=0.5 method=pseudo_label") is second
    with pytest.raises(SemisupError, match="fits none of the groups; did you mean 'method=supervised'"):
        choose([first, second, supervised], "method=superwised")
    with pytest.raises(SemisupError, match="fits 2 of the groups"):
        choose([first, second, supervised], "method=pseudo_label")


def test_another_split_of_the_same_seed_is_refused(write):
    baseline, other = groups(write("a", split="one"), write("b", split="two", method=PSEUDO_LABEL))
    with pytest.raises(SemisupError, match=r"/b and .*/a have the same seed but not the same split"):
        other.difference(baseline)


@pytest.mark.parametrize("other", [{"images": 400}, {"data": "digits with another test set"}])
def test_other_test_images_are_refused(write, other):
    with pytest.raises(SemisupError, match=r"/a and .*/b have different data or test images"):
        groups(write("a", 0), write("b", 1, **other))


def test_the_same_run_made_twice_is_refused_and_given_twice_counts_once(write):
    a, b = write("a"), write("b", devices=2)
    assert len(groups(a, a.parent / "a", f"{a.parent}/[a]")[0].runs) == 1
    with pytest.raises(SemisupError, match=r"/a and .*/b are the same run made twice"):
        groups(a, b)


def test_a_run_without_a_test_set_is_refused(write):
    run = write("a")
    (run / "result.json").write_text(json.dumps({"test": None}))
    with pytest.raises(SemisupError, match="/a has no test accuracy"):
        find([str(run)])


def test_unfinished_runs_and_other_folders_are_named_as_left_out(write):
    run, unfinished = write("a"), write("b")
    (unfinished / "result.json").unlink()
    (run.parent / "notes").mkdir()
    (run.parent / "multirun.yaml").touch()
    found, left_out = find([f"{run.parent}/*"])
    assert [one.folder for one in found] == [run]
    assert left_out == [f"{run.parent / 'notes'} (holds no run)", f"{unfinished} (not finished)"]


def test_the_table_holds_every_figure(runs, monkeypatch, capsys):
    """On 80 columns, with nothing cut off. 52 ± 2 against (53 + 54 + 58) / 3 = 55 ± √((4 + 1 + 9) / 2) = 2.65."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main([runs]) == 0
    said = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "…" not in said
    assert "method=supervised 0: 50.00 52.00 ± 2.00 baseline" in lines
    assert "method=pseudo_label 0: 53.00 55.00 ± 2.65 +3.00, 3 pairs 91.0 right" in lines
    assert "1: 54.00 48.43 to 61.57 +0.52 to +5.48 50.0 used" in lines
    assert "2: 58.00 p = 0.035" in lines


def test_the_markdown_table_says_plainly_that_a_method_is_worse(runs, capsys):
    assert main([runs, "--baseline", "method=pseudo_label", "--markdown"]) == 0
    head, rule, first, second, *_ = capsys.readouterr().out.splitlines()
    assert head == "| group | accuracy | mean | difference | pseudo-labels |"
    assert rule == "| --- | --- | --- | --- | --- |"
    assert first.startswith(
        "| method=pseudo_label | 0: 53.00, 1: 54.00, 2: 58.00 | 55.00 ± 2.65, 48.43 to 61.57 | base"
    )
    assert second.endswith(" | -3.00, 3 pairs, -5.48 to -0.52, p = 0.035 |  |")


def test_few_seeds_are_called_few(write, capsys):
    assert main([str(write("a")), str(write("b", accuracy=0.55, method=PSEUDO_LABEL)), "--markdown"]) == 0
    assert "| 0: 55.00 | 55.00, too few seeds | +5.00, 1 pair, too few seeds |  |" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "sentence"), [("nowhere", "there is no {}; give"), (".", "there is no finished run")])
def test_a_mistake_is_one_sentence_and_status_1(tmp_path, capsys, name, sentence):
    assert main([str(tmp_path / name)]) == 1
    assert sentence.format(tmp_path / name) in capsys.readouterr().err.splitlines()[-1]


def test_a_broken_result_is_named(write, capsys):
    run = write("a")
    (run / "result.json").write_text("{")
    assert main([str(run)]) == 1
    assert capsys.readouterr().err.startswith(f"{run} cannot be read: ")
