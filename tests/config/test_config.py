"""A config names its run: the same folder for the same run, another for another."""

import pytest
import yaml

from semisup.config.resolve import build_network, complete, folder, load_data, load_source
from semisup.training.trainer import TrainerConfig

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
    assert folder(complete(config(*more.split()))) == folder(complete(config()))


@pytest.mark.parametrize("more", OTHER)
def test_whatever_changes_the_run_changes_the_name(more, config):
    assert folder(complete(config(more))).name != folder(complete(config())).name


def test_each_run_of_a_list_has_a_name_of_its_own(config):
    names = {folder(complete(config(f"seed={s}", f"optimizer.lr={lr}"))).name for s in range(4) for lr in (0.1, 0.01)}
    assert len(names) == 8


def test_the_name_can_be_read(config):
    name = folder(complete(config("method=supervised", "data.labels=6/class", "seed=3"))).name
    assert name.startswith("digits-6-per-class-supervised-mlp-seed3-")
    assert len(name.rpartition("-")[2]) == 8


def test_runs_dir_moves_the_folder_and_keeps_its_name(config, tmp_path):
    here, there = (folder(complete(config(f"runs_dir={tmp_path / place}"))) for place in ("here", "there"))
    assert (here.name, here.parent.name, there.parent.name) == (there.name, "here", "there")


def test_completing_is_idempotent_and_leaves_its_argument_alone(config):
    given = config()
    before = yaml.safe_dump(given)
    full = complete(given)
    assert complete(full) == full
    assert yaml.safe_dump(given) == before


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
    assert folder(saved) == made
    for node, key in {"method": "ema", "trainer": "precision", "data": "strategy", "optimizer": "beta2"}.items():
        assert key in saved[node]
    store = load_source(saved)
    assert load_data(saved, store).split.hash == result["split"]["hash"]
    assert build_network(saved, store).state_dict().keys()
    assert TrainerConfig(**{k: v for k, v in saved["trainer"].items() if k != "_target_"}).max_steps == 12
