"""Configs that older versions have written open with today's names."""

import copy
from pathlib import Path

import pytest

from semisup.config.renames import TARGETS, translate
from semisup.config.resolve import complete
from semisup.core.schema import locate

CONF = Path(__file__).parents[2] / "conf"
OLD = {
    "backbone": {"_target_": "semisup.backbones.MLP", "hidden": [32]},
    "optimizer": {"_target_": "semisup.optimizers.adam", "lr": 0.01},
    "trainer": {"_target_": "semisup.training.Training", "max_steps": 12},
    "logger": {"_target_": "semisup.loggers.csv_only"},
    "labeler": {"_target_": "semisup.labelers.Confident", "threshold": 0.9},
    "embedding": None,
    "method": {"_target_": "semisup.methods.SelfTraining"},
    "teacher": {"_target_": "mine.OldTeacher"},
    "data": {"_target_": "semisup.data.sources.digits", "resident": "auto"},
    "rounds": {"students": 1, "backbones": [{"_target_": "semisup.backbones.WideResNet"}, {"hidden": [64]}]},
    "seed": 3,
}


def test_old_names_become_todays_also_in_nested_nodes_and_everything_else_stays():
    given = copy.deepcopy(OLD)
    new = translate(given)
    assert given == OLD
    assert new["backbone"] == {"_target_": "semisup.models.backbones.MLP", "hidden": [32]}
    assert new["optimizer"] == {"_target_": "semisup.methods.optimizers.adam", "lr": 0.01}
    assert new["trainer"] == {"_target_": "semisup.training.trainer.TrainerConfig", "max_steps": 12}
    assert new["logger"] == {"_target_": "semisup.training.loggers.csv_only"}
    assert new["labeler"] == {"_target_": "semisup.labelers.ConfidenceLabeler", "threshold": 0.9}
    assert new["data"] == {"_target_": "semisup.data.sources.digits", "device_cache": "auto"}
    assert new["rounds"]["backbones"] == [{"_target_": "semisup.models.backbones.WideResNet"}, {"hidden": [64]}]
    for node in ("embedding", "method", "teacher", "seed"):
        assert new[node] == OLD[node]


def test_translating_again_changes_nothing():
    assert translate(translate(OLD)) == translate(OLD)


@pytest.mark.parametrize("name", [new for new in TARGETS.values() if not new.endswith(".")])
def test_the_new_names_are_there(name):
    assert callable(locate(name))


def test_the_config_of_a_run_is_the_same_under_its_old_names(config):
    """Every target of the completed config that has an old name gets it, and is translated back."""
    full = complete(config("method=noisy_student", "embedding=network", "labeler=clusters", "rounds.noise=null"))

    def old(name: str) -> str:
        for before, now in TARGETS.items():
            if name == now or (now.endswith(".") and name.startswith(now)):
                return before + name.removeprefix(now)
        return name

    aged = {
        key: {**node, "_target_": old(node["_target_"])} if isinstance(node, dict) and "_target_" in node else node
        for key, node in full.items()
    }
    assert aged["embedding"]["_target_"] == "semisup.embeddings.Network"
    assert aged["backbone"]["_target_"] == "semisup.backbones.MLP"
    assert aged != full == translate(aged)
    assert complete(translate(aged)) == full
