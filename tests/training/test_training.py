"""How a training ends, other than by its last step: by a loss that is no number, a signal, a damaged file."""

import json
import math
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from semisup.core.errors import SemisupError
from semisup.training.callbacks import Interrupted
from semisup.training.trainer import TrainerConfig
from tests.training.troubled import MINE, only

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_loss_that_is_no_number_names_its_step_and_keeps_the_checkpoint_from_before(
    value, run, outcome, troubled, tmp_path
):
    troubled(value, at=6)
    with pytest.raises(SemisupError, match=r"no finite number at step 7;.*optimizer\.lr"):
        run(*MINE, "trainer.save_every=3")
    last = torch.load(only(tmp_path / "runs") / "round0" / "last.ckpt", weights_only=True)
    assert last["global_step"] == 6
    assert all(tensor.isfinite().all() for tensor in last["state_dict"].values())
    assert not (only(tmp_path / "runs") / "result.json").exists()
    troubled()
    run(*MINE, "trainer.save_every=3")
    resumed = outcome()
    run(*MINE, "trainer.save_every=3", f"runs_dir={tmp_path / 'uninterrupted'}")
    assert resumed == outcome(tmp_path / "uninterrupted")


def test_a_loss_that_is_no_number_at_a_validation_is_not_saved(run, troubled, tmp_path):
    """Step 8 is an evaluation: neither of the two checkpoints may take its weights."""
    troubled("nan", at=7)
    with pytest.raises(SemisupError, match="at step 8;"):
        run(*MINE)
    for name in ("last", "best"):
        checkpoint = torch.load(only(tmp_path / "runs") / "round0" / f"{name}.ckpt", weights_only=True)
        assert checkpoint["global_step"] == 4


def test_a_learning_rate_that_is_too_high_is_told_so(run):
    with pytest.raises(SemisupError, match=r"no finite number at step [23];"):
        run("method=supervised", "optimizer=sgd", "optimizer.lr=1e30", "optimizer.schedule=constant")


@pytest.mark.parametrize(("name", "at", "saved"), [("SIGINT", 5, 6), ("SIGTERM", 7, 8)])
def test_a_signal_ends_the_step_saves_it_and_says_how_to_go_on(name, at, saved, overrides, run, outcome, tmp_path):
    """Step 6 is an ordinary one, step 8 one with a validation."""
    stopped = subprocess.run(
        [sys.executable, "-m", "semisup.cli.train", *overrides(*MINE)],
        cwd=ROOT,
        env={**os.environ, "TROUBLE": name, "AT": str(at), "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert stopped.returncode == 128 + getattr(signal, name), stopped.stderr
    assert stopped.stderr.splitlines()[-1] == (
        f"semisup: stopped at step {saved} and saved; the same command continues from there."
    )
    last = torch.load(only(tmp_path / "runs") / "round0" / "last.ckpt", weights_only=True)
    assert last["global_step"] == saved
    run(*MINE)
    resumed = outcome()
    run(*MINE, f"runs_dir={tmp_path / 'uninterrupted'}")
    assert resumed == outcome(tmp_path / "uninterrupted")


def test_signals_are_given_back_after_the_training(run, troubled):
    def handlers() -> list[object]:
        return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    before = handlers()
    run("method=supervised")
    assert handlers() == before
    troubled("SIGTERM", at=2)
    with pytest.raises(Interrupted):
        run(*MINE)
    assert handlers() == before
    troubled("nan", at=2)
    with pytest.raises(SemisupError, match="finite"):
        run(*MINE, "seed=1")
    assert handlers() == before


def test_an_interruption_survives_the_way_from_another_process():
    stopped = pickle.loads(pickle.dumps(Interrupted(1234, signal.SIGTERM)))
    assert str(stopped) == "stopped at step 1,234 and saved; the same command continues from there."
    assert stopped.exit_status == 143


def test_the_last_step_is_evaluated_whatever_the_interval(run, tmp_path):
    result = run("method=supervised", "trainer.val_check_interval=5", "optimizer.lr=0.05")
    lines = (only(tmp_path / "runs") / "round0" / "metrics.csv").read_text().splitlines()
    column = lines[0].split(",").index("validation/accuracy")
    assert [int(line.split(",")[0]) for line in lines[1:] if line.split(",")[column]] == [5, 10, 12]
    last = torch.load(only(tmp_path / "runs") / "round0" / "last.ckpt", weights_only=True)
    assert (last["global_step"], result["steps"]) == (12, 12)


@pytest.mark.parametrize("interval", [None, 1, 7, 12, 100])
def test_evaluations_are_a_twentieth_apart_unless_told_otherwise(interval):
    training = TrainerConfig(max_steps=90, val_check_interval=interval)
    assert training.evaluation_interval == {None: 5, 100: 90}.get(interval, interval)


def test_without_validation_images_the_last_checkpoint_is_tested(run, outcome, troubled, tmp_path):
    troubled("SIGTERM", at=6)
    more = (*MINE, "data.validation=0")
    with pytest.raises(Interrupted):
        run(*more)
    troubled()
    result = run(*more)
    assert result["validation"] is None
    assert result["split"]["validation"] == 0
    assert result["split"]["labeled"] == 60
    assert 0 <= result["test"]["accuracy"] <= 1
    folder = only(tmp_path / "runs")
    assert sorted(file.name for file in (folder / "round0").iterdir()) == ["last.ckpt", "metrics.csv", "round.json"]
    assert torch.load(folder / "round0" / "last.ckpt", weights_only=True)["global_step"] == 12
    assert json.loads((folder / "result.json").read_text())["validation"] is None


def test_overwrite_trains_again(run, troubled, tmp_path):
    steps = troubled()
    run(*MINE)
    (only(tmp_path / "runs") / "stray.txt").touch()
    run(*MINE)
    assert steps == [*range(12)]
    run(*MINE, "overwrite=true")
    assert steps == [*range(12)] * 2
    assert not (only(tmp_path / "runs") / "stray.txt").exists()
    run(*MINE, "overwrite=no")
    assert steps == [*range(12)] * 2


@pytest.mark.parametrize("damage", ["cut", "empty", "text"])
def test_a_damaged_checkpoint_is_named_and_what_to_do(damage, run, troubled, tmp_path):
    troubled("SIGTERM", at=6)
    with pytest.raises(Interrupted):
        run(*MINE)
    last = only(tmp_path / "runs") / "round0" / "last.ckpt"
    whole = last.read_bytes()
    last.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "text": b"no checkpoint"}[damage])
    troubled()
    with pytest.raises(SemisupError, match=r"last\.ckpt is not a readable checkpoint.*overwrite=true"):
        run(*MINE)
    assert run(*MINE, "overwrite=true")["steps"] == 12


def test_a_run_whose_data_changed_is_refused(run, troubled, tmp_path):
    troubled("SIGTERM", at=6)
    with pytest.raises(Interrupted):
        run(*MINE)
    manifest = only(tmp_path / "runs") / "split.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "hash": "0" * 64}))
    troubled()
    with pytest.raises(SemisupError, match="started with another split"):
        run(*MINE)


def test_what_is_written_is_complete_and_without_temporary_files(run, tmp_path):
    result = run("method=pseudo_label")
    folder = only(tmp_path / "runs")
    files = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    assert files == [
        "config.yaml",
        "predictions.npz",
        "result.json",
        "round0/best.ckpt",
        "round0/last.ckpt",
        "round0/metrics.csv",
        "round0/round.json",
        "split.json",
        "split.npz",
    ]
    assert json.loads((folder / "result.json").read_text()) == json.loads(json.dumps(result))
    assert yaml.safe_load((folder / "config.yaml").read_text())["seed"] == 0
    assert math.isfinite(result["seconds"])
