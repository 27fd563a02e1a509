"""Rounds: what each of them trains and on what, when they end, and which one is tested."""

import json
import shutil
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from pyarrow import parquet
from torch.testing import assert_close

from semisup.audit import quality
from semisup.config import complete, round_config
from semisup.errors import SemisupError
from semisup.labelers import Bank, Labels
from semisup.methods import SelfTraining
from semisup.rounds import Rounds, best, round_seed, rounds_since_best
from semisup.session import warning

STUDENTS = ("method=self_training", "labeler.threshold=0.12", "rounds.students=2")


def record(accuracy: float | None) -> dict[str, Any]:
    return {"validation": None if accuracy is None else {"accuracy": accuracy}}


def only(runs: Path) -> Path:
    (folder,) = (path for path in runs.iterdir() if not path.name.startswith("."))
    return folder


def table(folder: Path, number: int) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = (
        parquet.ParquetFile(folder / f"round{number}" / "pseudo_labels.parquet").read().to_pydict()
    )
    return columns


def test_the_best_round_is_the_later_of_equals_and_the_last_without_validation():
    assert best([record(0.5), record(0.7), record(0.7), record(0.6)]) == 2
    assert rounds_since_best([record(0.5), record(0.7), record(0.7), record(0.6)]) == 1
    assert best([record(None), record(None)]) == 1
    assert best([record(None), record(0.1)]) == 1


def test_round_0_has_the_seed_of_the_run_and_later_rounds_have_others():
    assert round_seed(3, 0) == 3
    assert len({round_seed(seed, number) for seed in range(3) for number in range(4)}) == 12


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"students": -1}, "rounds.students is at least 0; got -1"),
        ({"student_steps": 0}, "rounds.student_steps is at least 1"),
        ({"patience": 0}, "rounds.patience is at least 1"),
        ({"tolerance": 1.5}, "rounds.tolerance is a share"),
        ({"labels": "a.csv"}, "ask for one with rounds.students=1"),
    ],
)
def test_rounds_that_make_no_sense_are_refused(options, sentence):
    with pytest.raises(SemisupError, match=sentence):
        Rounds(**options)


def test_quality_by_hand():
    """Five images, classes 0 0 1 1 and one unknown. Labels 0 1 1 0 1, kept with weight 1, 1, ½, 0, 1.

    Of the known: kept 3, right 1 + ½ of weight 2½; right kept or not: 0 and 1, 2 of 4. Before: 0 1 0 0 1, all kept: the
    same are 4 of 5; changed: the third has another class, the fourth is not kept any more: 2 of 5.
    """
    labels = Labels(np.array([0, 1, 1, 0, 1]), np.float32([1, 1, 0.5, 0, 1]), np.float32([0.9] * 5))
    before = Labels(np.array([0, 1, 0, 0, 1]), np.ones(5, np.float32), np.float32([0.9] * 5))
    figures = quality(labels, np.array([0, 0, 1, 1, -1]), ("cat", "dog"), before)
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
    figures = quality(labels, np.array([0, 0, 0]), ("cat", "dog"), labels)
    assert (figures["accuracy_of_all"], figures["accuracy"], figures["agreement"]) == (0.5, 0.5, 1.0)
    assert figures["coverage"] == pytest.approx(2 / 3)


def test_quality_without_any_truth_still_counts_what_was_kept():
    labels = Labels(np.array([0, 1]), np.float32([1, 0]), np.float32([0.9, 0.3]))
    figures = quality(labels, np.array([-1, -1]), ("cat", "dog"))
    assert (figures["coverage"], figures["accuracy"], figures["accuracy_of_all"]) == (0.5, None, None)


def test_each_round_has_a_network_of_its_own_and_learns_from_the_labels_of_the_one_before(run, tmp_path):
    result = run(*STUDENTS)
    folder = only(tmp_path / "runs")
    assert [r["kind"] for r in result["rounds"]] == ["teacher", "student", "student"]
    weights = [torch.load(folder / f"round{r}" / "last.ckpt", weights_only=True)["state_dict"] for r in range(3)]
    key = "network.layers.0.weight"
    assert not torch.equal(weights[0][key], weights[1][key])
    assert not torch.equal(weights[1][key], weights[2][key])
    for number in range(3):
        labels, record = table(folder, number), result["rounds"][number]
        assert labels["index"] == np.load(folder / "split.npz")["unlabeled"].tolist()
        assert sum(labels["kept"]) == record["labels"]["kept"]
        assert record["labels"]["coverage"] == sum(labels["kept"]) / len(labels["index"])
    assert result["rounds"][0]["labels"]["agreement"] is None
    same = np.mean(np.array(table(folder, 0)["label"]) == np.array(table(folder, 1)["label"]))
    assert result["rounds"][1]["labels"]["agreement"] == pytest.approx(same)
    assert result["rounds"][1]["pseudo_labels"] == result["rounds"][0]["labels"]


def test_the_tested_round_is_the_best_by_validation(run):
    result = run(*STUDENTS, "trainer.max_steps=30", "rounds.student_steps=2")
    accuracies = [r["validation"]["accuracy"] for r in result["rounds"]]
    assert accuracies[0] > max(accuracies[1:]), "two steps are not enough to pass the teacher"
    assert result["round"] == 0
    assert result["validation"] == result["rounds"][0]["validation"]
    alone = run("method=self_training", "trainer.max_steps=30", "rounds.students=0")
    assert result["test"] == alone["test"]


def test_the_first_round_of_self_training_is_the_supervised_baseline(run):
    teacher = run("method=self_training", "rounds.students=0")
    assert teacher["test"] == run("method=supervised")["test"]


def test_the_loss_counts_each_image_as_its_weight_says():
    """One labeled image at p(y) = .8, two pseudo-labeled ones at .5 (weight .1) and .4 (weight 1): the mean over three.

    (-log .8 - .1 log .5 - log .4) / 3 = (0.22314 + 0.06931 + 0.91629) / 3 = 0.40292
    """
    from semisup.data import Batch

    class Table(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rows = torch.nn.Parameter(torch.tensor([[0.8, 0.2], [0.5, 0.5], [0.6, 0.4]]).log())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.rows[x]

    method = SelfTraining(Table(), ema=0)
    unlabeled = Batch(weak=torch.tensor([1, 2]), target=torch.tensor([0, 1]), weight=torch.tensor([0.1, 1.0]))
    loss, _ = method.loss(Batch(image=torch.tensor([0]), label=torch.tensor([0])), unlabeled)
    assert_close(loss, torch.tensor(0.40292), atol=1e-5, rtol=0)


class Nobody:
    """A labeler that keeps nothing."""

    def __call__(self, bank: Bank) -> Labels:
        zero = np.zeros(len(bank.index), np.float32)
        return Labels(np.zeros(len(bank.index), np.int64), zero, zero + np.float32(0.25))


class OneClass:
    """A labeler to whom everything is class 3."""

    def __call__(self, bank: Bank) -> Labels:
        one = np.ones(len(bank.index), np.float32)
        return Labels(np.full(len(bank.index), 3), one, one)


class Remembers:
    """A labeler that keeps all, and what it was given."""

    banks: ClassVar[list[Bank]] = []

    def __call__(self, bank: Bank) -> Labels:
        self.banks.append(bank)
        one = np.ones(len(bank.index), np.float32)
        assert bank.logits is not None
        return Labels(bank.logits.argmax(-1), one, one)


def test_a_teacher_that_is_sure_of_nothing_is_the_result_with_a_warning(run):
    result = run(*STUDENTS, "labeler._target_=tests.test_rounds.Nobody", "~labeler.threshold")
    assert len(result["rounds"]) == 1
    assert result["round"] == 0
    assert "no pseudo-label is kept: the highest confidence is 0.25" in result["rounds"][0]["warning"]
    assert result["test"] == run("method=supervised")["test"]


def test_pseudo_labels_of_a_single_class_are_warned_of_and_the_run_ends(run):
    result = run(*STUDENTS, "labeler._target_=tests.test_rounds.OneClass", "~labeler.threshold")
    assert "are of one class, '3'" in result["rounds"][0]["warning"]
    assert len(result["rounds"]) == 3
    assert 0 <= result["test"]["accuracy"] <= 1


def test_a_class_without_pseudo_labels_is_named():
    labels = Labels(np.array([0, 1, 2]), np.float32([1, 1, 0]), np.float32([1, 1, 1]))
    assert warning(labels, ("cat", "dog", "owl")) == "no pseudo-label is of class owl."
    assert warning(labels._replace(weight=np.ones(3, np.float32)), ("cat", "dog", "owl")) is None


def test_a_labeler_sees_the_classes_of_labeled_images_only_and_validation_images_apart(run, tmp_path):
    Remembers.banks.clear()
    run(*STUDENTS, "labeler._target_=tests.test_rounds.Remembers", "~labeler.threshold", "rounds.students=1")
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
    more = (*STUDENTS, "labeler._target_=tests.test_rounds.OneClass", "~labeler.threshold", "rounds.students=5")
    result = run(*more, "rounds.tolerance=0")
    assert len(result["rounds"]) == 2
    assert result["rounds"][1]["labels"]["changed"] == 0


def test_rounds_end_when_validation_no_longer_improves(run):
    result = run(*STUDENTS, "rounds.students=6", "trainer.max_steps=30", "rounds.student_steps=1", "rounds.patience=2")
    assert len(result["rounds"]) == 3


def test_students_may_have_other_networks_and_noise_where_the_network_has_it(config):
    more = ("method=noisy_student", "rounds.students=3", "rounds.backbones=[{hidden:[48]},{hidden:[64]}]")
    full = complete(config(*more))
    nodes = [round_config(full, number)["backbone"] for number in range(4)]
    assert [node["hidden"] for node in nodes] == [[32], [48], [64], [64]]
    assert [node["dropout"] for node in nodes] == [0.3, 0.5, 0.5, 0.5]
    assert "stochastic_depth" not in nodes[1]
    other = "rounds.backbones=[{_target_:semisup.backbones.SmallCNN}]"
    assert round_config(complete(config("method=noisy_student", other)), 1)["backbone"]["dropout"] == 0.5


def test_a_misspelt_option_of_a_students_network_is_refused_before_the_first_round(config):
    with pytest.raises(SemisupError, match=r"no option rounds.backbones\[0\].hiden; did you mean 'hidden'"):
        complete(config("method=noisy_student", "rounds.backbones=[{hiden:[48]}]"))
    with pytest.raises(SemisupError, match=r"need a labeler; write labeler=confident"):
        complete(config("method=fixmatch", "rounds.students=1"))
    with pytest.raises(SemisupError, match=r"ask for data\.validation"):
        complete(config("method=self_training", "labeler.calibrate=true", "data.validation=0"))
    with pytest.raises(SemisupError, match=r"no option rounds.noise.drpout; did you mean 'dropout'"):
        complete(config("method=noisy_student", "rounds.noise.drpout=.4"))
    with pytest.raises(SemisupError, match=r"rounds.backbones is a list"):
        complete(config("method=noisy_student", "rounds.backbones={hidden:[4]}"))
    with pytest.raises(SemisupError, match=r"rounds.patience needs validation images"):
        complete(config("method=noisy_student", "rounds.patience=1", "data.validation=0"))
    with pytest.raises(SemisupError, match=r"labeler.weight=0.1 has no effect: fixmatch takes"):
        complete(config("method=fixmatch", "labeler=confident", "rounds.students=1", "labeler.weight=.1"))
    with pytest.raises(SemisupError, match=r"need a labeler"):
        complete(config("method=self_training", "labeler=null"))
    with pytest.raises(SemisupError, match="a teacher needs students"):
        complete(config("method=fixmatch", "method@teacher=supervised"))


def test_another_method_may_be_the_teacher(run, tmp_path):
    result = run(*STUDENTS, "method@teacher=pseudo_label", "teacher.threshold=0", "rounds.students=1")
    assert [r["method"] for r in result["rounds"]] == ["pseudo_label", "self_training"]
    assert result["rounds"][0]["pseudo_labels"]["coverage"] == 1.0
    alone = run("method=pseudo_label", "method.threshold=0", f"runs_dir={tmp_path / 'alone'}")
    assert alone["validation"] == result["rounds"][0]["validation"]


def test_a_method_that_reads_no_targets_finds_pseudo_labeled_images_among_the_labeled_ones(run):
    result = run("method=fixmatch", "labeler=confident", "labeler.threshold=0", "rounds.students=1")
    assert [r["method"] for r in result["rounds"]] == ["fixmatch", "fixmatch"]
    assert result["rounds"][0]["labels"]["coverage"] == 1.0


def test_fine_tuning_goes_on_from_the_best_round_with_labeled_images_alone(run, tmp_path):
    result = run(*STUDENTS, "rounds.students=1", "rounds.finetune_steps=4", "rounds.finetune_lr=1e-9")
    records = result["rounds"]
    assert [r["kind"] for r in records][:2] == ["teacher", "student"]
    chosen = best(records[:2])
    assert records[2]["kind"] == f"fine-tuning of round {chosen}"
    assert records[2]["validation"]["accuracy"] == records[chosen]["validation"]["accuracy"]
    folder = only(tmp_path / "runs")
    before = torch.load(folder / f"round{chosen}" / "best.ckpt", weights_only=True)["state_dict"]
    after = torch.load(folder / "round2" / "best.ckpt", weights_only=True)["state_dict"]
    key = "average.network.layers.0.weight"
    assert_close(after[key], before[key], atol=1e-6, rtol=0)


def test_a_corrected_file_is_where_the_next_round_starts_from(run, tmp_path):
    run(*STUDENTS, "rounds.students=0")
    made = only(tmp_path / "runs") / "round0" / "pseudo_labels.parquet"
    columns = parquet.ParquetFile(made).read().to_pydict()
    lines = [
        f"{i},{label}"
        for i, label, kept in zip(columns["index"], columns["label"], columns["kept"], strict=True)
        if kept
    ]
    corrected = tmp_path / "corrected.csv"
    corrected.write_text("\n".join(["index,label", *lines[:100]]))
    result = run(*STUDENTS, "rounds.students=1", f"rounds.labels={corrected}", f"runs_dir={tmp_path / 'next'}")
    assert [r["kind"] for r in result["rounds"]] == [f"pseudo-labels of {corrected.name}", "student"]
    assert result["rounds"][0]["labels"]["kept"] == 100
    assert not (only(tmp_path / "next") / "round0" / "last.ckpt").exists()
    assert result["round"] == 1
    corrected.write_text("index,label\n0,none\n")
    with pytest.raises(SemisupError, match="row 1"):
        run(*STUDENTS, f"rounds.labels={corrected}", f"runs_dir={tmp_path / 'mended'}")
    corrected.write_text("\n".join(["index,label", *lines[:50]]))
    mended = run(*STUDENTS, f"rounds.labels={corrected}", f"runs_dir={tmp_path / 'mended'}")
    assert mended["rounds"][0]["labels"]["kept"] == 50, "what was refused has left nothing behind"
    with pytest.raises(SemisupError, match=r"there is no .*nowhere\.csv"):
        run(*STUDENTS, "rounds.students=1", f"rounds.labels={tmp_path / 'nowhere.csv'}")


def test_labels_that_change_under_a_run_are_refused(run, tmp_path):
    run(*STUDENTS)
    folder = only(tmp_path / "runs")
    (folder / "result.json").unlink()
    before = folder / "round0" / "pseudo_labels.parquet"
    content = parquet.ParquetFile(before).read()
    parquet.write_table(content.slice(0, 10), before)
    with pytest.raises(SemisupError, match="has changed since round 1 began with it"):
        run(*STUDENTS)
    for name in ("round1", "round2"):
        shutil.rmtree(folder / name)
    (folder / "round0" / "round.json").unlink()
    again = run(*STUDENTS)
    assert again["rounds"][0]["labels"]["kept"] <= 10
    assert len(again["rounds"]) == 3


def test_students_without_unlabeled_images_are_refused_before_the_teacher_is_trained(run, tmp_path):
    with pytest.raises(SemisupError, match="this split of digits has none"):
        run(*STUDENTS, "data.unlabeled=0")
    assert not list((tmp_path / "runs").glob("*/round0"))


def test_the_record_of_each_round_is_on_disk(run, tmp_path):
    result = run(*STUDENTS)
    files = sorted(only(tmp_path / "runs").glob("round*/round.json"))
    assert [json.loads(file.read_text()) for file in files] == result["rounds"]


def test_the_rounds_are_printed_and_drawn(config, tmp_path):
    from rich.console import Console

    from semisup.run import run

    console = Console(record=True, width=160, file=(tmp_path / "out").open("w"))
    result = run(config(*STUDENTS), console)
    printed = console.export_text()
    for record in result["rounds"]:
        assert f"{record['labels']['coverage']:.1%}" in printed
        assert f"round {record['round']}, {record['kind']}: validation accuracy" in printed
    picture = only(tmp_path / "runs") / "rounds.png"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_rounds_shows_each_known_figure_and_skips_what_is_not_known(tmp_path, monkeypatch):
    """Of four rounds, the first read a file and so has no validation, and no agreement."""
    from matplotlib.axes import Axes

    from semisup.report.rounds import draw

    drawn = {}
    plot = Axes.plot
    monkeypatch.setattr(
        Axes, "plot", lambda self, x, y, **o: (drawn.update({o["label"]: (x, y)}), plot(self, x, y, **o))[1]
    )
    labels = {"accuracy": 0.9, "coverage": 0.5, "accuracy_of_all": None, "agreement": None}
    records = [{"round": 0, "kind": "pseudo-labels of a.csv", "validation": None, "labels": labels}]
    records += [{"round": 1, "kind": "student", "validation": {"accuracy": 0.7}, "labels": None}]
    draw(records, 1, tmp_path / "rounds.svg")
    assert drawn["validation accuracy"] == ([1], [0.7])
    assert drawn["pseudo-labels kept: share right"] == ([0], [0.9])
    assert drawn["all predictions on unlabeled images: share right"] == ([], [])
    assert (tmp_path / "rounds.svg").read_text().count("<svg") == 1


@pytest.mark.parametrize("labeler", ["clusters", "propagation"])
def test_clusters_of_the_teachers_features_are_labels_too(labeler, run, tmp_path):
    more = ["labeler.neighbors=10"] if labeler == "propagation" else ["labeler.unnamed=nearest"]
    result = run("method=self_training", f"labeler={labeler}", "rounds.students=1", "trainer.max_steps=60", *more)
    labels = result["rounds"][0]["labels"]
    assert labels["coverage"] > 0.9
    assert labels["accuracy"] > 0.5, "far from the tenth that chance would give"
    assert [r["kind"] for r in result["rounds"]] == ["teacher", "student"]
    assert len(set(table(only(tmp_path / "runs"), 0)["label"])) > 5
