"""A run that was stopped, by whatever, ends bit for bit like one that was not."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from semisup.data import Batch
from semisup.methods import PseudoLabel, SelfTraining, StepOutput

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
    assert run(*more) == first


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
