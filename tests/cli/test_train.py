"""`semisup train`: mistakes, help, the completed config, and what a training leaves besides its result."""

import json
import shlex
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from semisup.cli.overrides import CONF, compose
from semisup.config.resolve import complete

ROOT = Path(__file__).parents[2]


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
    ("trainer.max_steps=long", "trainer.max_steps=long", "a whole number of at least 1"),
    ("trainer.max_steps=1.5", "trainer.max_steps=1.5", "a whole number"),
    ("method.threshold=high", "method.threshold=high", "number"),
    ("data.labels=null", "data.labels=null", "at least 1 or text"),
    ("batch.labeled=few", "batch.labeled=few", "a whole number"),
    ("batch=3", "batch=3", "batch.labeled"),
    ("seed=one", "seed=one", "a whole number"),
    ("overwrite=maybe", "overwrite=maybe", "true or false"),
    ("data_dir=null", "data_dir=null", "it is text"),
    ("data=folder", "data.path must be given", "data.path=..."),
    ("backbone=torchvision", "backbone.name must be given", "backbone.name=..."),
    ("~method", "method must be chosen", "method=..."),
    ("seed=-1", "seed=-1", "at least 0"),
    ("trainer.max_steps=-1", "trainer.max_steps=-1", "at least 1"),
    ("trainer.max_steps=0", "trainer.max_steps=0", "at least 1"),
    ("trainer.patience=-1", "trainer.patience=-1", "at least 1 or null"),
    ("trainer.gradient_clip_val=-1", "trainer.gradient_clip_val=-1", "above 0"),
    ("batch.labeled=-8", "batch.labeled=-8", "at least 1"),
    ("batch.ratio=0", "batch.ratio=0", "at least 1"),
    ("optimizer.lr=-1", "optimizer.lr=-1", "a number above 0"),
    ("optimizer=sgd optimizer.momentum=2", "optimizer.momentum=2", "at least 0 and below 1"),
    ("data.labels=-60", "data.labels=-60", "at least 1"),
    ("data.validation=-1", "data.validation=-1", "at least 0"),
    ("data.labels=100000", "100,000", "1,438"),
    ("method._target_=nowhere.Method", "nowhere", "installed"),
    ("method._target_=PseudoLabel", "method._target_=PseudoLabel", "dotted name"),
    ("method._target_=semisup.methods.PseudoLable", "PseudoLable", "'PseudoLabel'"),
    ("backbone=torchvision backbone.name=resnet5", "resnet5", "'resnet50'"),
    ("data=table data.path=/nowhere.csv", "/nowhere.csv", "cannot be read"),
    ("data=folder data.path=/nowhere", "/nowhere", "no folder"),
    ("runs_dir=/dev/null/runs", "/dev/null/runs", "Not a directory"),
    ("-m method@teacher=null,fixmatch", "null cannot stand in a list", "with method@teacher=null"),
    ("labeler=confident,null", "null cannot stand in a list", "with labeler=null"),
    ("method=supervised,pseudo_label", "method=supervised,pseudo_label has a comma", "add -m"),
    ("method", "method is not an option", "key=value"),
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
    assert err.startswith("semisup: there is no cifar10")
    assert "semisup import name=cifar10" in err


def test_a_device_that_is_not_there_is_a_sentence(cli, overrides):
    status, _, err = cli(*overrides("trainer.accelerator=tpu"))
    assert status == 1
    assert err.splitlines()[-1].startswith("semisup: the trainer cannot be set up: ")
    assert "Traceback" not in err


def test_the_help_names_the_choices_of_every_group(cli):
    status, out, err = cli("--help")
    assert (status, err) == (0, "")
    for group in ("data", "method", "backbone", "optimizer", "trainer", "logger"):
        assert f"\n{group}: {', '.join(choices(group))}\n" in out


def test_the_help_with_a_searchpath_names_choices_of_ones_own(cli, tmp_path):
    (tmp_path / "method").mkdir()
    (tmp_path / "method" / "mine.yaml").write_text("_target_: semisup.methods.FixMatch\n")
    for words in (["--config-dir", str(tmp_path)], [f"hydra.searchpath=['file://{tmp_path}']"]):
        status, out, _ = cli("--help", *words)
        assert status == 0
        assert "meta_pseudo_labels, mine, mixmatch" in out


def test_cfg_job_shows_the_completed_config(cli, overrides, tmp_path):
    """What config.yaml of the run would hold."""
    words = overrides("method=fixmatch", "method.threshold=.8")
    status, out, err = cli("--cfg", "job", *words)
    assert (status, err) == (0, "")
    assert yaml.safe_load(out) == complete(compose(words))
    assert "\n  unlabeled_weight: 1.0\n" in out, "which no YAML names"
    assert not (tmp_path / "runs").exists()


def test_cfg_job_shows_a_part_and_each_job_of_a_sweep(cli, overrides, tmp_path):
    status, out, _ = cli("--cfg", "job", "--package", "method", "-m", *overrides("method=fixmatch,supervised"))
    assert status == 0
    targets = [values["_target_"] for values in yaml.safe_load_all(out)]
    assert targets == ["semisup.methods.FixMatch", "semisup.methods.Supervised"]
    assert not (tmp_path / "runs").exists()
    status, _, err = cli("--cfg", "job", "--package", "metod", *overrides())
    assert (status, err) == (1, "semisup: there is no metod in the config.\n")
    status, _, err = cli("--cfg", "job", *overrides("method=fixmatch", "method.threshold=95"))
    assert (status, err) == (1, "semisup: method.threshold=95 is not valid: it is a number from 0 to 1.\n")


def test_the_command_as_typed_is_on_record(cli, overrides, tmp_path):
    words = overrides("method=supervised", "data.split_seed=1")
    assert cli(*words)[0] == 0
    (run,) = (tmp_path / "runs").iterdir()
    assert (run / "command.txt").read_text() == f"{shlex.join(['semisup', 'train', *words])}\n"


def test_each_job_of_a_sweep_has_a_command_of_its_own_that_repeats_it(cli, overrides, tmp_path):
    """With an option that no YAML names, and a name that the shell and Hydra would read as something else."""
    (tmp_path / "a (1).csv").write_text("\n".join(f"{n},{n % 7},{'cat' if n % 2 else 'dog'}" for n in range(90)))
    table = ("data=table", f"data.path={tmp_path / 'a (1).csv'}", "data.labels=30,40", "data.validation=10")
    words = [word for word in overrides() if not word.startswith(("data.labels", "data.validation"))]
    assert cli("-m", *words, *table, "method=fixmatch", "method.threshold=.8")[0] == 0
    runs = [*(tmp_path / "runs").glob("*/result.json")]
    assert len(runs) == 2
    for result in runs:
        program, subcommand, *typed = shlex.split((result.parent / "command.txt").read_text())
        assert (program, subcommand) == ("semisup", "train")
        assert "method.threshold=0.8" in typed
        written = result.stat().st_mtime_ns
        status, out, err = cli(*typed)
        assert (status, out.count("is finished")) == (0, 1), err
        assert str(result.parent) in out.replace("\n", "")
        assert result.stat().st_mtime_ns == written


def test_the_same_command_writes_a_page_that_is_missing_and_no_other(cli, overrides, tmp_path):
    words = overrides("method=supervised")
    assert cli(*words)[0] == 0
    (page,) = (tmp_path / "runs").glob("*/report.html")
    page.write_text("mine")
    assert cli(*words)[0] == 0
    assert page.read_text() == "mine"
    page.unlink()
    status, out, _ = cli(*words)
    assert (status, "report.html" in out) == (0, True)
    assert "</html>" in page.read_text()


def test_a_page_that_cannot_be_written_is_a_warning_and_costs_no_result(cli, overrides, tmp_path, monkeypatch):
    def broken(*arguments: object, **options: object) -> None:
        raise KeyError("a mistake of [ours]")

    monkeypatch.setattr("semisup.reports.write_report", broken)
    status, out, err = cli(*overrides("method=supervised"))
    assert (status, err) == (0, "")
    assert "the page was not written (KeyError: 'a mistake of [ours]'); semisup report" in " ".join(out.split())
    assert [*(tmp_path / "runs").glob("*/result.json")]


def test_processes_that_lightning_starts_repeat_the_subcommand(overrides, tmp_path):
    """Two processes: the second one is started with the first one's command line."""
    words = [
        "train",
        *overrides("method=supervised", "trainer.devices=2", "trainer.strategy=ddp", "trainer.max_steps=4"),
    ]
    started = subprocess.run([sys.executable, "-m", "semisup", *words], cwd=ROOT, capture_output=True, timeout=300)
    assert started.returncode == 0, started.stderr
    assert [*(tmp_path / "runs").glob("*/result.json")]


def choices(group: str) -> list[str]:
    return sorted(file.stem for file in (CONF / group).glob("*.yaml"))


def test_every_method_data_set_and_network_go_together():
    """Each choice is composed by Hydra once; their product is completed from the signatures."""
    nodes: dict[str, dict[str, Any]] = {}
    base, pretrained = compose([]), compose(["embedding=pretrained"])["embedding"]
    for group in ("method", "data", "backbone"):
        nodes[group] = {choice: compose([f"{group}={choice}"])[group] for choice in choices(group)}
    required = {"folder": "path", "table": "path", "stored": "name", "torchvision": "name", "timm": "name"}
    for group in nodes.values():
        for choice, key in required.items():
            if choice in group:
                assert group[choice][key] == "???"
                group[choice][key] = "given"
    for method, data, backbone in product(*(nodes[group].values() for group in ("method", "data", "backbone"))):
        embedding = pretrained if backbone["_target_"].endswith((".Linear", ".MlpHead")) else None
        full = complete({**base, "method": method, "data": data, "backbone": backbone, "embedding": embedding})
        assert "???" not in json.dumps(full, default=str)


@pytest.mark.parametrize(("group", "choice"), [(g, c) for g in ("optimizer", "trainer", "logger") for c in choices(g)])
def test_every_other_choice_composes(group, choice, config):
    assert complete(config(f"{group}={choice}"))[group]["_target_"].startswith("semisup.")
