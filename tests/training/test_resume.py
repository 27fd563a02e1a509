"""A run that was stopped, by whatever, ends bit for bit like one that was not."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from semisup.config.identity import run_folder
from semisup.config.resolve import complete
from semisup.core.errors import SemisupError
from semisup.core.locks import locked
from semisup.data import Batch
from semisup.methods import PseudoLabel, SelfTraining, StepOutput
from tests.training.test_checkpoints import Scripted

ROOT = Path(__file__).parents[2]


class StopsOnce(PseudoLabel):
    """A method from outside the package, that fails at the step `at`."""

    at: int | None = None
    seen: ClassVar[list[int]] = []

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        if self.trainer.global_step == self.at:
            raise ZeroDivisionError
        self.seen.append(self.trainer.global_step)
        return super().loss(labeled, unlabeled)


class StopsStudent(SelfTraining):
    """The same, of a student."""

    at: int | None = None

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        if self.trainer.global_step == self.at:
            raise ZeroDivisionError
        return super().loss(labeled, unlabeled)


class StopsInValidation(PseudoLabel):
    """The same, in the validation after the step `at`."""

    at: int | None = None

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        if self.trainer.global_step == self.at:
            raise ZeroDivisionError
        super().validation_step(batch, batch_idx)


def command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "tests.killer", *arguments]


def started(arguments: list[str], **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(arguments),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("method", "kill"),
    [
        ("Supervised", {"KILL_AT_STEP": "6"}),
        ("PseudoLabel", {"KILL_AT_STEP": "7"}),
        ("PseudoLabel", {"KILL_WRITING": "last 3"}),
        ("Supervised", {"KILL_WRITING": "best 2"}),
    ],
)
def test_kill_9_and_the_same_command_again_equal_the_uninterrupted_run(
    method, kill, overrides, run, outcome, tmp_path, data_dir
):
    more = ["method=pseudo_label", f"method._target_=tests.killer.Killed{method}", "trainer.save_every=3"]
    process = started(overrides(*more), **kill)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, errors
    assert list((tmp_path / "runs").glob("*/round0/last.ckpt"))
    run(*more)
    resumed = outcome()
    run(*more, f"runs_dir={tmp_path / 'uninterrupted'}")
    assert resumed == outcome(tmp_path / "uninterrupted")


ROUNDS = ("method=self_training", "labeler.threshold=.12", "rounds.students=2", "data.eval_batch_size=500")


@pytest.mark.parametrize(
    "kill",
    [
        {"KILL_AT_STEP": "7"},  # in round 1
        {"KILL_WRITING": "last 5"},  # in round 1
        {"KILL_PREDICTING": "2"},  # while round 0 labels, 3 batches a round
        {"KILL_PREDICTING": "5"},
        {"KILL_WRITING": "pseudo_labels.parquet 2"},  # between rounds 1 and 2
        {"KILL_WRITING": "round.json 2"},
        {"KILL_WRITING": "labels.sha256 2"},
        {"KILL_WRITING": "result.json 1"},
    ],
)
def test_kill_9_in_a_round_and_between_two_equals_the_uninterrupted_run(
    kill, overrides, run, outcome, tmp_path, data_dir
):
    more = [*ROUNDS, "method._target_=tests.killer.KilledSelfTraining", "trainer.save_every=3"]
    process = started(overrides(*more), **kill)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, errors
    run(*more)
    resumed = outcome()
    assert len(resumed["labels"]) == 3
    run(*more, f"runs_dir={tmp_path / 'uninterrupted'}")
    assert resumed == outcome(tmp_path / "uninterrupted")


def test_a_finished_round_is_not_trained_again(run, monkeypatch, tmp_path):
    """Round 1 fails at its step 5; then everything is trained but the teacher, which fails if a step of it is taken."""
    more = [*ROUNDS, "method._target_=tests.training.test_resume.StopsStudent", "method@teacher=pseudo_label"]
    more += ["teacher._target_=tests.training.test_resume.StopsOnce"]
    monkeypatch.setattr(StopsStudent, "at", 5)
    with pytest.raises(ZeroDivisionError):
        run(*more)
    monkeypatch.setattr(StopsStudent, "at", None)
    monkeypatch.setattr(StopsOnce, "at", 0)
    assert len(run(*more)["rounds"]) == 3


def test_a_finished_run_is_not_trained_again(run, monkeypatch):
    more = ["method=pseudo_label", "method._target_=tests.training.test_resume.StopsOnce"]
    first = run(*more)
    monkeypatch.setattr(StopsOnce, "at", 0)
    assert run(*more) == first


def test_a_run_that_was_trained_but_not_yet_tested_is_only_tested(run, monkeypatch, tmp_path):
    more = ["method=pseudo_label", "method._target_=tests.training.test_resume.StopsOnce"]
    first = run(*more)
    (result,) = (tmp_path / "runs").glob("*/result.json")
    result.unlink()
    monkeypatch.setattr(StopsOnce, "at", 0)
    assert run(*more) | {"peak_memory": 0} == first | {"peak_memory": 0}  # that of each session


@pytest.mark.parametrize("step", range(1, 12))
def test_resuming_after_any_step_equals_the_uninterrupted_run(step, run, outcome, tmp_path, monkeypatch):
    """Stops at every possible step, with checkpoints at steps 3, 4, 6, 8, 9 and 12."""
    more = ["method=pseudo_label", "method._target_=tests.training.test_resume.StopsOnce", "trainer.save_every=3"]
    monkeypatch.setattr(StopsOnce, "at", step)
    with pytest.raises(ZeroDivisionError):
        run(*more)
    monkeypatch.setattr(StopsOnce, "at", None)
    StopsOnce.seen.clear()
    run(*more)
    saved = max(s for s in (0, 3, 4, 6, 8, 9, 12) if s <= step)
    assert StopsOnce.seen == list(range(saved, 12)), "it goes on from the last checkpoint"
    resumed = outcome()
    run(*more, f"runs_dir={tmp_path / 'uninterrupted'}")
    assert resumed == outcome(tmp_path / "uninterrupted")


@pytest.mark.parametrize("step", [4, 8, 12])
def test_resuming_after_a_stop_within_a_validation_equals_the_uninterrupted_run(
    step, run, outcome, tmp_path, monkeypatch
):
    more = [
        "method=pseudo_label",
        "method._target_=tests.training.test_resume.StopsInValidation",
        "trainer.save_every=4",
    ]
    monkeypatch.setattr(StopsInValidation, "at", step)
    with pytest.raises(ZeroDivisionError):
        run(*more)
    monkeypatch.setattr(StopsInValidation, "at", None)
    run(*more)
    resumed = outcome()
    run(*more, f"runs_dir={tmp_path / 'uninterrupted'}")
    assert resumed == outcome(tmp_path / "uninterrupted")


@pytest.mark.parametrize("damage", ["deleted", "shortened", "garbage"])
def test_the_curves_of_a_resumed_run_do_not_depend_on_the_file(damage, run, outcome, tmp_path, monkeypatch):
    """metrics.csv may have lost rows by what stopped the run: the checkpoint has them, too."""
    more = ["method=pseudo_label", "method._target_=tests.training.test_resume.StopsOnce", "trainer.save_every=3"]
    monkeypatch.setattr(StopsOnce, "at", 9)
    with pytest.raises(ZeroDivisionError):
        run(*more)
    monkeypatch.setattr(StopsOnce, "at", None)
    (file,) = (tmp_path / "runs").glob("*/round0/metrics.csv")
    if damage == "deleted":
        file.unlink()
    else:
        lines = file.read_text().splitlines(keepends=True)
        assert len(lines) > 3
        file.write_text("".join(lines[:2]) if damage == "shortened" else "step\n\x00high")
    run(*more)
    run(*more, f"runs_dir={tmp_path / 'uninterrupted'}")
    assert outcome() == outcome(tmp_path / "uninterrupted")


def test_the_last_network_is_not_taken_for_the_lost_best_one(run, tmp_path, monkeypatch):
    """result.json is deleted, and best.ckpt is lost: the record knows that validation chose one."""
    more = ["method=pseudo_label", "method._target_=tests.training.test_checkpoints.Scripted"]
    monkeypatch.setattr(Scripted, "accuracy", {4: 0.5, 8: 0.9, 12: 0.7})
    run(*more)
    (folder,) = (tmp_path / "runs").iterdir()
    (folder / "result.json").unlink()
    best = folder / "round0" / "best.ckpt"
    best.rename(folder / "kept.ckpt")
    message = r"round0/best\.ckpt is not there, which validation has chosen at step 8: restore it, or delete"
    with pytest.raises(SemisupError, match=message):  # the round is recorded
        run(*more)
    (folder / "round0" / "round.json").unlink()
    with pytest.raises(SemisupError, match=message):  # it is not
        run(*more)
    (folder / "kept.ckpt").rename(best)
    assert run(*more)["validation"]["step"] == 8


def test_a_run_that_another_process_trains_is_neither_trained_nor_deleted(run, config, tmp_path):
    words = ["method=supervised"]
    folder = run_folder(complete(config(*words)))
    with locked(folder):
        for more in ((), ("overwrite=true",)):
            with pytest.raises(SemisupError, match="is already being trained by process"):
                run(*words, *more)
        assert [path.name for path in folder.iterdir()] == [".lock"]
    run(*words)
    assert not (folder / ".lock").exists()
    (folder / "old").mkdir()
    run(*words, "overwrite=true")
    assert not (folder / "old").exists()
