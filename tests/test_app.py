"""The command line: mistakes are one sentence, --help is quick, a sweep does what is missing."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from semisup.app import CONF, main
from semisup.config import complete
from semisup.data import Batch
from semisup.methods import Loss, PseudoLabel

ROOT = Path(__file__).parents[1]
Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """main() with these arguments: its exit status, standard output and standard error."""
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")  # main sets it; this takes it back afterwards

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
        status: Any = 0
        try:
            main()
        except SystemExit as end:
            status = end.code
        return status or 0, *capsys.readouterr()

    return call


def process(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


class Counts(PseudoLabel):
    """A method from outside the package, that notes its steps and can fail or be asked to stop at one of them."""

    steps: ClassVar[list[int]] = []
    fails_at: ClassVar[int | None] = None
    stopped_at: ClassVar[int | None] = None

    def loss(self, labeled: Batch, unlabeled: Batch) -> Loss:
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


COUNTS = ("method=pseudo_label", "method._target_=tests.test_app.Counts")

MISTAKES = [
    ("metod=supervised", "metod", "'method'"),
    ("sed=1", "sed", "'seed'"),
    ("+colour=red", "colour", "valid are"),
    ("method=pseudo_lable", "method=pseudo_lable", "'pseudo_label'"),
    ("data=cifar", "data=cifar", "'cifar10'"),
    ("backbone=wide_resnt", "backbone=wide_resnt", "'wide_resnet'"),
    ("optimizer=adamw", "optimizer=adamw", "'adam'"),
    ("logger=tensorbord", "logger=tensorbord", "'tensorboard'"),
    ("trainer=defalt", "trainer=defalt", "'default'"),
    ("data.label=10", "data.label", "'labels'"),
    ("method.treshold=.9", "method.treshold", "'threshold'"),
    ("backbone=mlp backbone.hiden=[3]", "backbone.hiden", "'hidden'"),
    ("optimizer.learning=.1", "optimizer.learning", "valid are beta1"),
    ("trainer.steps=3", "trainer.steps", "'max_steps'"),
    ("logger.projct=x logger=wandb", "logger.projct", "'project'"),
    ("batch.labled=3", "batch.labled", "'labeled'"),
    ("data.strategy=class_balance", "data.strategy=class_balance", "'class_balanced'"),
    ("optimizer.schedule=cosin", "optimizer.schedule=cosin", "'cosine'"),
    ("trainer.precision=bf16", "trainer.precision=bf16", "'bf16-mixed'"),
    ("tune=learning_rate", "tune=learning_rate", "lr"),
    ("trainer.max_steps=long", "trainer.max_steps=long", "integer"),
    ("trainer.max_steps=1.5", "trainer.max_steps=1.5", "integer"),
    ("method.threshold=high", "method.threshold=high", "number"),
    ("data.labels=null", "data.labels=None", "integer"),
    ("batch.labeled=few", "batch.labeled=few", "integer"),
    ("batch=3", "batch=3", "batch.labeled"),
    ("seed=one", "seed=one", "integer"),
    ("overwrite=maybe", "overwrite=maybe", "boolean"),
    ("data_dir=null", "data_dir=None", "string"),
    ("data=folder", "data.path must be given", "data.path=..."),
    ("backbone=torchvision", "backbone.name must be given", "backbone.name=..."),
    ("~method", "method must be chosen", "method=..."),
    ("seed=-1", "seed=-1", "from 0 on"),
    ("trainer.max_steps=-1", "trainer.max_steps is at least 1", "-1"),
    ("trainer.max_steps=0", "trainer.max_steps is at least 1", "0"),
    ("trainer.patience=-1", "trainer.patience is at least 1", "-1"),
    ("trainer.gradient_clip_val=-1", "trainer.gradient_clip_val is above 0", "-1"),
    ("batch.labeled=-8", "batch.labeled is at least 1", "-8"),
    ("batch.ratio=0", "batch.ratio is at least 1", "0"),
    ("optimizer.lr=-1", "optimizer", "Invalid learning rate: -1.0"),
    ("data.labels=-60", "data.labels=-60", "not understood"),
    ("data.validation=-1", "data.validation=-1", "neither"),
    ("data.labels=100000", "100,000", "1,438"),
    ("method._target_=nowhere.Method", "nowhere", "installed"),
    ("method._target_=PseudoLabel", "method._target_=PseudoLabel", "dotted name"),
    ("method._target_=semisup.methods.PseudoLable", "PseudoLable", "'PseudoLabel'"),
    ("backbone=torchvision backbone.name=resnet5", "resnet5", "'resnet50'"),
    ("data=table data.path=/nowhere.csv", "/nowhere.csv", "cannot be read"),
    ("data=folder data.path=/nowhere", "/nowhere", "no folder"),
    ("runs_dir=/dev/null/runs", "/dev/null/runs", "Not a directory"),
    ("method=supervised,pseudo_label", "method=supervised,pseudo_label", "--multirun"),
    ("method", "method", "EQUAL"),
]


@pytest.mark.parametrize(("arguments", "where", "remedy"), MISTAKES, ids=[mistake[0] for mistake in MISTAKES])
def test_a_mistake_is_one_sentence_that_says_where_and_what_is_valid(arguments, where, remedy, cli, data_dir, tmp_path):
    status, out, err = cli(f"data_dir={data_dir}", f"runs_dir={tmp_path}", *arguments.split())
    assert (status, out, err.count("\n")) == (1, "", 1), err
    assert err.startswith("semisup: ")
    assert where in err
    assert remedy in err


def test_data_that_cannot_be_downloaded_is_one_sentence_that_says_how_to_bring_it(cli, tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    status, _, err = cli("data=cifar10", f"data_dir={tmp_path}", f"runs_dir={tmp_path}")
    assert (status, err.count("\n")) == (1, 1), err
    assert err.startswith("semisup: There is no cifar10")
    assert "import_data.py cifar10" in err


def test_a_device_that_is_not_there_is_a_sentence(cli, overrides):
    status, _, err = cli(*overrides("trainer.accelerator=tpu"))
    assert status == 1
    assert err.splitlines()[-1].startswith("semisup: the trainer cannot be set up: ")
    assert "Traceback" not in err


@pytest.mark.parametrize("option", [("--help",), ("--cfg", "job")])
def test_help_and_cfg_import_nothing_heavy(option):
    out, imports = process("-X", "importtime", "train.py", *option).communicate(timeout=60)
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in imports.splitlines()}
    assert "hydra" in names
    assert not names & {"torch", "lightning", "pydantic", "numpy", "wandb", "sklearn"}
    for group in ("data", "method", "backbone", "optimizer", "trainer", "logger"):
        assert f"\n{group}:" in f"\n{out}"


def test_a_reader_that_goes_away_gives_no_traceback():
    shown = process("-u", "train.py", "--help")
    shown.stdout.close()
    assert shown.stderr.read() == ""
    shown.wait(60)


def choices(group: str) -> list[str]:
    return sorted(file.stem for file in (CONF / group).glob("*.yaml"))


def test_every_method_data_set_and_network_go_together():
    """Each choice is composed by Hydra once; their product is completed from the signatures."""
    nodes: dict[str, dict[str, Any]] = {}
    with initialize_config_dir(str(CONF), version_base="1.3"):
        base: Any = OmegaConf.to_container(compose("train"), resolve=True)
        for group in ("method", "data", "backbone"):
            composed = {choice: compose("train", [f"{group}={choice}"])[group] for choice in choices(group)}
            nodes[group] = {choice: OmegaConf.to_container(node) for choice, node in composed.items()}
    required = {"folder": "path", "table": "path", "stored": "name", "torchvision": "name", "timm": "name"}
    for group in nodes.values():
        for choice, key in required.items():
            if choice in group:
                assert group[choice][key] == "???"
                group[choice][key] = "given"
    for method, data, backbone in product(*(nodes[group].values() for group in ("method", "data", "backbone"))):
        full = complete({**base, "method": method, "data": data, "backbone": backbone})
        assert "???" not in json.dumps(full, default=str)


@pytest.mark.parametrize(("group", "choice"), [(g, c) for g in ("optimizer", "trainer", "logger") for c in choices(g)])
def test_every_other_choice_composes(group, choice, config):
    assert complete(config(f"{group}={choice}"))[group]["_target_"].startswith("semisup.")


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
    assert len(written) == 4 * 4  # best.ckpt, last.ckpt, metrics.csv, result.json
    status, out, _ = cli("-m", *sweep)
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
    assert "got 3.0. (The job was" in sentences[0]
    assert "method.threshold=4)" in sentences[1]
    assert "run it again" in sentences[2]
    assert "Traceback" not in err


def test_ctrl_c_ends_the_whole_sweep(cli, overrides, counts, monkeypatch):
    monkeypatch.setattr(counts, "stopped_at", 6)
    status, _, err = cli("-m", *overrides(*COUNTS, "seed=0,1"))
    assert status == 128 + signal.SIGINT
    assert counts.steps == [*range(7)]
    assert err.splitlines()[-1] == "semisup: stopped at step 7 and saved; the same command goes on from there."


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
