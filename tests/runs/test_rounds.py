"""Rounds: what each of them trains and on what, when they end, and which one is tested."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pyarrow import parquet
from torch.testing import assert_close

from semisup.config.rounds import best_round, round_seed, rounds_since_best
from semisup.core.errors import SemisupError
from semisup.methods import SelfTraining
from semisup.models.backbones import MLP

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
    assert best_round([record(0.5), record(0.7), record(0.7), record(0.6)]) == 2
    assert rounds_since_best([record(0.5), record(0.7), record(0.7), record(0.6)]) == 1
    assert best_round([record(None), record(None)]) == 1
    assert best_round([record(None), record(0.1)]) == 1


def test_round_0_has_the_seed_of_the_run_and_later_rounds_have_others():
    assert round_seed(3, 0) == 3
    assert len({round_seed(seed, number) for seed in range(3) for number in range(4)}) == 12


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


class Counted(MLP):
    """A network from outside the package, that counts how often one is built."""

    built = 0

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        Counted.built += 1


@pytest.mark.parametrize(
    ("options", "networks"),
    [
        (("method=supervised",), 1),
        ((*STUDENTS, "rounds.finetune_steps=2"), 4),
        (("method=cluster_label", "labeler.k=20"), 1),
        (("method=cluster_label", "labeler.k=20", "rounds.students=0"), 0),
    ],
)
def test_the_network_of_each_round_is_built_once(options, networks, run, monkeypatch):
    """The check before the training, the plan, the training and the test share it: a large network takes minutes."""
    monkeypatch.setattr(Counted, "built", 0)
    result = run(*options, "backbone._target_=tests.runs.test_rounds.Counted")
    assert sum(record["steps"] > 0 for record in result["rounds"]) == networks
    assert Counted.built == networks


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
    output = method.loss(Batch(image=torch.tensor([0]), label=torch.tensor([0])), unlabeled)
    loss = output.loss
    assert_close(loss, torch.tensor(0.40292), atol=1e-5, rtol=0)


def test_rounds_end_when_validation_no_longer_improves(run):
    result = run(*STUDENTS, "rounds.students=6", "trainer.max_steps=30", "rounds.student_steps=1", "rounds.patience=2")
    assert len(result["rounds"]) == 3


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
    chosen = best_round(records[:2])
    assert records[2]["kind"] == f"fine-tuning of round {chosen}"
    assert records[2]["validation"]["accuracy"] == records[chosen]["validation"]["accuracy"]
    folder = only(tmp_path / "runs")
    before = torch.load(folder / f"round{chosen}" / "best.ckpt", weights_only=True)["state_dict"]
    after = torch.load(folder / "round2" / "best.ckpt", weights_only=True)["state_dict"]
    key = "ema.network.layers.0.weight"
    assert_close(after[key], before[key], atol=1e-6, rtol=0)


def test_students_without_unlabeled_images_are_refused_before_the_teacher_is_trained(run, tmp_path):
    with pytest.raises(SemisupError, match="this split of digits has none"):
        run(*STUDENTS, "data.unlabeled=0")
    assert not list((tmp_path / "runs").glob("*/round0"))


def test_the_record_of_each_round_is_on_disk(run, tmp_path):
    result = run(*STUDENTS)
    files = sorted(only(tmp_path / "runs").glob("round*/round.json"))
    assert [json.loads(file.read_text()) for file in files] == result["rounds"]
