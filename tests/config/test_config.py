"""A config names its run: the same folder for the same run, another for another."""

import re
from pathlib import Path

import pytest
import yaml

from semisup.config.identity import run_folder, short_name
from semisup.config.nodes import build_network, load_data, load_source
from semisup.config.resolve import complete
from semisup.core.errors import SemisupError
from semisup.training.trainer import TrainerConfig

CONF = Path(__file__).parents[2] / "conf"

SAME = [
    "trainer.devices=2",
    "trainer.accelerator=cpu",
    "trainer.num_nodes=2",
    "trainer.strategy=ddp",
    "trainer.save_every=3",
    "logger=tensorboard",
    "logger=wandb logger.project=mine logger.offline=true",
    "overwrite=true",
    "data_dir=/elsewhere",
    "data.validation=20",  # what it is already
    "data.padding=1",  # the data set's own value
    "optimizer.lr=0.001",  # the signature's default
    "trainer.patience=null",
]
OTHER = [
    "seed=1",
    "tune=lr",
    "batch.labeled=16",
    "batch.ratio=3",
    "method=supervised",
    "method.alpha=2",
    "method.ema=0.9",
    "backbone.dropout=0.1",
    "backbone.hidden=[16]",
    "optimizer=sgd",
    "optimizer.lr=0.01",
    "optimizer.schedule=constant",
    "data.labels=50",
    "data.labels=6/class",
    "data.validation=10",
    "data.strategy=random",
    "data.flip=true",
    "trainer.max_steps=13",
    "trainer.val_check_interval=3",
    "trainer.patience=3",
    "trainer.precision=bf16-mixed",
    "trainer.gradient_clip_val=1",
    "trainer.sync_batchnorm=true",
    "trainer.deterministic=false",
]


@pytest.mark.parametrize("more", SAME)
def test_where_it_runs_and_what_it_logs_to_are_not_part_of_the_name(more, config):
    assert run_folder(complete(config(*more.split()))) == run_folder(complete(config()))


@pytest.mark.parametrize("more", OTHER)
def test_whatever_changes_the_run_changes_the_name(more, config):
    assert run_folder(complete(config(more))).name != run_folder(complete(config())).name


def test_each_run_of_a_list_has_a_name_of_its_own(config):
    names = {
        run_folder(complete(config(f"seed={s}", f"optimizer.lr={lr}"))).name for s in range(4) for lr in (0.1, 0.01)
    }
    assert len(names) == 8


def test_the_name_can_be_read(config):
    name = run_folder(complete(config("method=supervised", "data.labels=6/class", "seed=3"))).name
    assert name.startswith("digits-6-per-class-supervised-mlp-seed3-")
    assert len(name.rpartition("-")[2]) == 8


@pytest.mark.parametrize("group", ["backbone", "method", "labeler", "embedding", "optimizer"])
def test_what_people_call_a_choice_is_its_name_on_the_command_line(group):
    """A folder says resnet18 and not res_net18; a record says 'clusters of pca'. Some choices only set options."""
    for file in (CONF / group).glob("*.yaml"):
        node = yaml.safe_load(file.read_text())
        if "_target_" in node and file.stem not in ("mobilenet", "soft"):
            assert short_name(node["_target_"]) == file.stem


def test_runs_dir_moves_the_folder_and_keeps_its_name(config, tmp_path):
    here, there = (run_folder(complete(config(f"runs_dir={tmp_path / place}"))) for place in ("here", "there"))
    assert (here.name, here.parent.name, there.parent.name) == (there.name, "here", "there")


def test_completing_is_idempotent_and_leaves_its_argument_alone(config):
    given = config()
    before = yaml.safe_dump(given)
    full = complete(given)
    assert complete(full) == full
    assert yaml.safe_dump(given) == before


@pytest.mark.parametrize("flip", [False, True, "both"])
def test_features_are_averaged_over_the_mirror_images_that_keep_their_class(flip, config):
    words = ["backbone=mlp_head", "embedding=pretrained", f"data.flip={flip}"]
    full = complete(config(*words))
    assert full["embedding"]["mirror"] == flip
    assert complete(config(*words, "embedding.mirror=both"))["embedding"]["mirror"] == "both"


def test_an_older_config_keeps_the_features_that_its_run_had(config):
    given = config("backbone=mlp_head", "embedding=pretrained")
    del given["embedding"]["mirror"], given["embedding"]["interpolation"]
    embedding = complete(given)["embedding"]
    assert (embedding["mirror"], embedding["interpolation"]) == (False, "bilinear")


def test_an_option_without_value_takes_its_default(config):
    given = config()
    for key in ("seed", "tune", "overwrite", "data_dir", "runs_dir"):
        del given[key]
    full = complete(given)
    assert (full["seed"], full["tune"], full["overwrite"], full["runs_dir"]) == (0, None, False, "runs")


@pytest.mark.parametrize(("text", "value"), [("no", False), ("off", False), ("yes", True), ("true", True)])
def test_overwrite_means_what_it_says(text, value, config):
    """`no` is a string to Hydra, and a string that is not empty is true to Python: it would delete the run."""
    assert complete(config(f"overwrite={text}"))["overwrite"] is value


def test_the_config_of_a_finished_run_is_complete_and_makes_its_parts_again(run, config, tmp_path):
    result = run("method.threshold=0.5")
    (made,) = (tmp_path / "runs").iterdir()
    saved = yaml.safe_load((made / "config.yaml").read_text())
    assert saved == complete(saved) == complete(config("method.threshold=0.5"))
    assert run_folder(saved) == made
    for node, key in {"method": "ema", "trainer": "precision", "data": "strategy", "optimizer": "beta2"}.items():
        assert key in saved[node]
    store = load_source(saved)
    assert load_data(saved, store).split.hash == result["split"]["hash"]
    assert build_network(saved, store).state_dict().keys()
    assert TrainerConfig(**{k: v for k, v in saved["trainer"].items() if k != "_target_"}).max_steps == 12


# Each is one sentence that names the option and says what it takes.
OUT_OF_RANGE = {
    "seed": ("true", "-1", "1e30", "nan", "1.5", "[1]", "one"),
    "batch.labeled": ("0", "-8", "true", "1e20", "nan", "few"),
    "batch.ratio": ("0", "true", "inf", "-1.5"),
    "rounds.students": ("-1", "true", "1e20", "nan"),
    "rounds.student_steps": ("0", "true", "1e20"),
    "rounds.patience": ("0", "true", "-1"),
    "rounds.tolerance": ("1", "-.1", "nan", "true"),
    "rounds.finetune_steps": ("-1", "true", "1e20"),
    "rounds.finetune_lr": ("0", "nan", "inf", "true", "-1"),
    "trainer.max_steps": ("0", "-1", "1e20", "true", "nan", "long"),
    "trainer.val_check_interval": ("0", "-1", "1e20", "true", ".5"),
    "trainer.save_every": ("0", "true"),
    "trainer.patience": ("0", "nan", "true"),
    "trainer.log_every_n_steps": ("0", "null", "true"),
    "trainer.gradient_clip_val": ("nan", "inf", "0", "-1", "true"),
    "trainer.devices": ("0", "-2", "true", "1.5", "[-1]"),
    "trainer.num_nodes": ("0", "true", "1e20"),
    "trainer.precision": ("8", "half"),
    "trainer.sync_batchnorm": ("maybe", "2"),
    "trainer.deterministic": ("perhaps",),
    "tune": ("true", "learning_rate"),
    "data_dir": ("null", "3"),
    "runs_dir": ("null", "[a]"),
}


@pytest.mark.parametrize(("option", "value"), [(option, v) for option, values in OUT_OF_RANGE.items() for v in values])
def test_a_value_out_of_range_is_refused_with_its_option(option, value, config):
    with pytest.raises(SemisupError, match=rf"^{re.escape(option)}=[^\n]* is not valid[:;] [^\n]*[.?]$"):
        complete(set_at(config(), option, yaml.safe_load(value)))


def set_at(config, option, value):
    """The config with an option set to a value as YAML has it, which may be one that the command line would quote."""
    *nodes, last = option.split(".")
    node = config
    for name in nodes:
        node = node.setdefault(name, {})
    node[last] = float(value) if isinstance(value, str) and value in ("1e20", "1e30", "nan", "inf") else value
    return config


def test_a_tilde_is_the_home_directory_in_every_path(config, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    given = config("method=self_training") | {"data_dir": "~/data", "runs_dir": "~/runs"}
    full = complete(set_at(given, "rounds.labels", "~/labels.csv"))
    assert (full["data_dir"], full["runs_dir"]) == ("/home/ann/data", "/home/ann/runs")
    assert full["rounds"]["labels"] == "/home/ann/labels.csv"
    assert run_folder(full).is_relative_to("/home/ann/runs")


def test_many_students_are_checked_at_once(config):
    """Only the rounds that differ are; otherwise the check of a typing error would take hours."""
    assert complete(config("method=self_training", "rounds.students=1000000000"))["rounds"]["students"] == 10**9
