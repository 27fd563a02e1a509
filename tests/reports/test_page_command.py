"""The command on a run's page repeats the run."""

import shlex

import pytest

from semisup.config.resolve import complete
from semisup.methods import Supervised
from semisup.reports.run_page.command import changes, command, literal
from tests.reports.paged import composed

COMMANDS = [
    "",
    "method=supervised data=cifar10 data.labels=4/class seed=3",
    "experiment=cifar10_noisy_student",
    "experiment=cifar10_model_c data.labels=500 data.validation=50",
    "method=self_training rounds.students=2 rounds.backbones=[{width:4,dropout:0.1}] backbone=wide_resnet",
    "method=cluster_label embedding=network rounds.students=2 labeler.names=majority",
    "method=fixmatch method.threshold=.8 trainer.precision=bf16-mixed trainer.max_steps=10 batch.ratio=1 tune=lr",
    "data=breast_cancer backbone=mlp backbone.hidden=[5000] optimizer=sgd optimizer.lr=1e-5 logger=tensorboard",
    "method=noisy_student method@teacher=supervised teacher.ema=0 labeler=confident backbone=mobilenet",
]


class Mine(Supervised):
    """A method that no YAML of ours names."""


@pytest.mark.parametrize("words", COMMANDS)
def test_the_command_gives_the_same_config(words):
    config = complete(composed(*words.split()))
    again = shlex.split(command(changes(config)))
    assert again[:2] == ["python", "train.py"]
    assert complete(composed(*again[2:])) == config


def test_it_says_what_differs_and_nothing_else():
    config = complete(composed("experiment=cifar10_5000", "method=supervised", "seed=0", "batch.labeled=64"))
    said = {change.option: (change.value, change.default) for change in changes(config)}
    assert said == {
        "method": ("supervised", "pseudo_label"),
        "data": ("cifar10", "digits"),
        "data.labels": ("5000", "4000"),
        "data.validation": ("500", "0.1"),
        "batch.ratio": ("1", "7"),
        "optimizer.schedule": ("constant", "cosine"),
        "trainer.max_steps": ("10000", "2000"),
    }


def test_what_no_default_can_say_is_said(tmp_path):
    config = complete(composed("data=folder", f"data.path='{tmp_path}/my photos'"))
    said = {change.option: change for change in changes(config)}
    assert said["data.path"].default == "must be given"
    assert complete(composed(*shlex.split(command(said.values()))[2:])) == config


def test_a_method_from_elsewhere_is_named_by_its_class():
    config = complete(composed("method._target_=tests.reports.test_page_command.Mine"))
    assert {c.option: c.value for c in changes(config)} == {"method._target_": "tests.reports.test_page_command.Mine"}


def test_a_config_of_an_earlier_version_lacks_options_and_is_understood():
    config = complete(composed("method=fixmatch"))
    for key in ("teacher", "labeler", "embedding", "rounds"):
        del config[key]
    assert [change.option for change in changes(config)] == ["method"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ("true", "'true'"),
        ("4/class", "4/class"),
        ("12", "'12'"),
        ("it's here", r"'it\'s here'"),
        ([1, {"width": 4}], "[1,{width:4}]"),
    ],
)
def test_values_are_written_as_hydra_reads_them(value, text):
    assert literal(value) == text
    assert composed(f"+rounds.labels={text}")["rounds"]["labels"] == value
