"""Sweeps: a run per combination, only what is missing, and other launchers."""

import json
import os
import signal
from pathlib import Path
from typing import ClassVar

import pytest
from omegaconf import OmegaConf

from semisup.data import Batch
from semisup.methods import PseudoLabel, StepOutput


class Counts(PseudoLabel):
    """A method from outside the package, that notes its steps and can fail or be asked to stop at one of them."""

    steps: ClassVar[list[int]] = []
    fails_at: ClassVar[int | None] = None
    stopped_at: ClassVar[int | None] = None

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        if self.trainer.global_step == self.fails_at:
            raise ZeroDivisionError
        if self.trainer.global_step == self.stopped_at:
            os.kill(os.getpid(), signal.SIGINT)
        self.steps.append(self.trainer.global_step)
        return super().loss(labeled, unlabeled)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> type[Counts]:
    monkeypatch.setattr(Counts, "steps", [])
    return Counts


COUNTS = ("method=pseudo_label", "method._target_=tests.cli.test_sweeps.Counts")


def files(runs: Path) -> dict[str, tuple[int, bytes]]:
    found = (path for pattern in ("*/round0/*", "*/result.json") for path in runs.glob(pattern))
    return {str(path.relative_to(runs)): (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def test_a_sweep_makes_a_folder_per_run_and_the_second_time_trains_nothing(cli, overrides, tmp_path):
    sweep = overrides("method=supervised,pseudo_label", "seed=0,1")
    status, _, err = cli("-m", *sweep)
    assert status == 0, err
    written = files(tmp_path / "runs")
    names = {name.split("-mlp")[0] for name in written}, {name.split("-")[4] for name in written}
    assert names == ({"digits-60-supervised", "digits-60-pseudo_label"}, {"seed0", "seed1"})
    assert len(written) == 4 * 5  # best.ckpt, last.ckpt, metrics.csv, round.json, result.json
    status, out, _ = cli(*sweep[:2], "-m", *sweep[2:])  # it may stand anywhere
    assert (status, out.count("is finished")) == (0, 4)
    assert files(tmp_path / "runs") == written


def test_a_sweep_completes_what_was_begun(cli, overrides, counts, monkeypatch):
    monkeypatch.setattr(counts, "fails_at", 6)
    with pytest.raises(ZeroDivisionError):
        cli(*overrides(*COUNTS, "seed=0"))
    assert counts.steps == [*range(6)]
    monkeypatch.setattr(counts, "fails_at", None)
    counts.steps.clear()
    assert cli("-m", *overrides(*COUNTS, "seed=0,1"))[0] == 0
    assert counts.steps == [*range(4, 12), *range(12)]  # the first from its checkpoint, the second from the start


def test_a_job_that_fails_is_named_and_the_others_go_on(cli, overrides, tmp_path):
    status, _, err = cli("-m", *overrides("method.threshold=3,.5,4"))
    assert status == 1
    assert len([*(tmp_path / "runs").glob("*/result.json")]) == 1
    sentences = [line for line in err.splitlines() if line.startswith("semisup: ")]
    assert len(sentences) == 3
    assert "method.threshold=3 is not valid: it is a number from 0 to 1. (The job was" in sentences[0]
    assert "method.threshold=4)" in sentences[1]
    assert "run it again" in sentences[2]
    assert "Traceback" not in err


def test_ctrl_c_ends_the_whole_sweep(cli, overrides, counts, monkeypatch):
    monkeypatch.setattr(counts, "stopped_at", 6)
    status, _, err = cli("-m", *overrides(*COUNTS, "seed=0,1"))
    assert status == 128 + signal.SIGINT
    assert counts.steps == [*range(7)]
    assert err.splitlines()[-1] == "semisup: stopped at step 7 and saved; the same command continues from there."


def test_joblib_runs_a_sweep_in_several_processes(cli, overrides, tmp_path):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="pip install 'semisup[launchers]'")
    parallel = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    status, _, _ = cli("-m", *overrides("method=supervised,pseudo_label", *parallel))
    assert status == 0
    assert len([*(tmp_path / "runs").glob("*/result.json")]) == 2


def test_optuna_minimizes_the_validation_error(cli, overrides, tmp_path):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="pip install 'semisup[launchers]'")
    search = ("hydra/sweeper=optuna", "hydra.sweeper.n_trials=3", "optimizer.lr=interval(1e-4,1e-2)")
    status, _, err = cli("-m", *overrides(*search))
    assert status == 0, err
    found = OmegaConf.load(tmp_path / "runs" / ".sweep" / "optimization_results.yaml")
    results = [json.loads(file.read_text()) for file in (tmp_path / "runs").glob("*/result.json")]
    assert len(results) == 3
    assert found.best_value == 1 - max(result["validation"]["accuracy"] for result in results)
    assert [*found.best_params] == ["++optimizer.lr"]


def test_submitit_runs_a_sweep_on_this_machine(cli, overrides, tmp_path):
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="pip install 'semisup[launchers]'")
    status, _, err = cli("-m", *overrides("hydra/launcher=submitit_local", "method=supervised"))
    assert status == 0, err
    assert len([*(tmp_path / "runs").glob("*/result.json")]) == 1
