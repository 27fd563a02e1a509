"""The command line: mistakes are one sentence, --help is quick, a sweep does what is missing."""

import json
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from semisup.cli.train import CONF
from semisup.config.resolve import complete

ROOT = Path(__file__).parents[2]


def process(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


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
    ("method=supervised,pseudo_label", "method=supervised,pseudo_label", "--multirun"),
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


def test_help_imports_nothing_heavy():
    out, imports = process("-X", "importtime", "train.py", "--help").communicate(timeout=60)
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in imports.splitlines()}
    assert "semisup" in names
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
