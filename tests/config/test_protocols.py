"""The experiments with the settings of papers: each is valid, says what was published, and has the published split."""

import numpy as np
import pytest
from rich.console import Console

from semisup.cli.overrides import CONF, compose
from semisup.config.nodes import apply_store_options, load_data
from semisup.config.resolve import complete
from semisup.data import Store
from semisup.runs.run import run

EXPERIMENTS = sorted(file.stem for file in (CONF / "experiment").glob("*.yaml"))
PROTOCOLS = [name for name in EXPERIMENTS if "Published:" in (CONF / "experiment" / f"{name}.yaml").read_text()]
LABELS = {"cifar10": (40, 250, 4000), "cifar100": (400, 2500, 10000), "svhn": (40, 250, 1000), "stl10": (40, 250, 1000)}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_composes_and_passes_the_schema(name):
    given = {"data=folder": ["data=folder", "data.path=photos"], "rounds.labels=": ["rounds.labels=labels.csv"]}
    head = (CONF / "experiment" / f"{name}.yaml").read_text()
    words = [word for shown, needed in given.items() if shown in head for word in needed]
    complete(compose([f"experiment={name}", *words]))


def test_every_protocol_of_the_tables_is_there():
    wanted = {f"{data}_{count}" for data, counts in LABELS.items() for count in counts} | {"eurosat_20", "eurosat_40"}
    assert wanted <= set(PROTOCOLS)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_protocol_says_its_number_its_command_and_its_time(name):
    head = "".join(line for line in (CONF / "experiment" / f"{name}.yaml").open() if line.startswith("#"))
    assert f"experiment={name}" in head
    assert "GPU time, expected: " in head
    config = compose([f"experiment={name}"])
    count = name.rpartition("_")[2]
    if count.isdecimal() and "lt" not in name:
        assert config["data"]["labels"] == int(count)
    assert config["data"]["validation"] == 0


@pytest.mark.parametrize(
    ("name", "labeled", "unlabeled"),
    [
        # 1500 · 100^(-i/9), and 3000 · 100^(-i/9)
        (
            "cifar10_lt_100",
            [1500, 899, 539, 323, 193, 116, 69, 41, 25, 15],
            [3000, 1798, 1078, 646, 387, 232, 139, 83, 50, 30],
        ),
        ("cifar10_lt_100_reversed", None, [30, 50, 83, 139, 232, 387, 646, 1078, 1798, 3000]),
        # 500 · 150^(-i/9), and 4000 · 150^(-i/9)
        (
            "cifar10_lt_150",
            [500, 286, 164, 94, 53, 30, 17, 10, 5, 3],
            [4000, 2292, 1313, 752, 431, 247, 141, 81, 46, 26],
        ),
        ("cifar10_lt_150_uniform", None, [4000] * 10),
        ("cifar10_lt_150_reversed", None, [26, 46, 81, 141, 247, 431, 752, 1313, 2292, 4000]),
    ],
)
def test_the_long_tails_have_the_published_sizes(name, labeled, unlabeled):
    config = complete(compose([f"experiment={name}"]))
    targets = np.arange(50_000) % 10
    images = np.zeros((50_000, 32, 32, 1), np.uint8)
    store = Store("", tuple("0123456789"), images, targets, images[:0], targets[:0], 50_000, (0.5,), (0.5,), "")
    split = load_data(config, store).split
    assert np.bincount(targets[split.unlabeled]).tolist() == unlabeled
    if labeled:
        assert np.bincount(targets[split.labeled]).tolist() == labeled
    assert not np.isin(split.labeled, split.stream).any()


def test_the_open_set_split_has_six_animals_with_25_labels_each():
    """Of 50,000 images, those of four classes are unlabeled only."""
    config = complete(compose(["experiment=cifar10_open_150"]))
    names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    targets = np.arange(50_000) % 10
    images = np.zeros((50_000, 32, 32, 1), np.uint8)
    store = apply_store_options(
        config, Store("", names, images, targets, images[:0], targets[:0], 50_000, (0.5,), (0.5,), "")
    )
    split = load_data(config, store).split
    assert np.bincount(targets[split.labeled], minlength=10).tolist() == [0, 0, 25, 25, 25, 25, 25, 25, 0, 0]
    assert len(split.stream) == 50_000


def test_a_protocol_trains(tmp_path, data_dir):
    """Its method, optimizer and schedule, on toy images and for a few steps of a narrow network."""
    toy = ["data._target_=tests.toy.toy", "~data.name", "data.labels=6", "backbone.depth=10", "backbone.width=1"]
    short = ["trainer.max_steps=4", "trainer.val_check_interval=4", "batch.labeled=4", f"data_dir={data_dir}"]
    words = ["experiment=cifar10_40", *toy, *short, f"runs_dir={tmp_path}"]
    assert run(compose(words), Console(quiet=True))["steps"] == 4
