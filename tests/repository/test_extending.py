"""What docs/extending.md promises, as an outsider would do it: its files in a folder of their own, and its commands."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "extending.md").read_text()
FILES = dict(re.findall(r"^```\w+\n# (\S+\.(?:py|yaml))\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE))
COMMANDS = re.findall(r"^    semisup train (.*)$", TEXT, flags=re.MULTILINE)
SMALL = ("batch.labeled=8", "batch.ratio=2", "trainer.max_steps=12", "trainer.val_check_interval=4")


@pytest.fixture
def outside(tmp_path: Path, data_dir: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the documented command that has `word`, small, from a folder that holds the documented files."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)

    def call(word: str, *more: str) -> subprocess.CompletedProcess[str]:
        (documented,) = (command for command in COMMANDS if word in command)
        arguments = [*SMALL, f"data_dir={data_dir}", *shlex.split(documented), *more]
        if "backbone=" not in documented:
            arguments += ["backbone=mlp", "backbone.hidden=[32]"]
        command = [sys.executable, "-m", "semisup", "train", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True)

    return call


def result(folder: Path, name: str) -> dict[str, Any]:
    (file,) = (folder / "runs").glob(f"{name}-seed0-*/result.json")
    return json.loads(file.read_text())


def test_a_method_from_a_package_of_ones_own_trains_with_its_own_yaml(outside, tmp_path):
    ended = outside("method=confident_ones", "method.threshold=0.2")
    assert ended.returncode == 0, ended.stderr
    assert result(tmp_path, "digits-100-confident_ones-mlp")["pseudo_labels"]["coverage"] > 0


def test_a_misspelled_option_and_one_out_of_its_documented_range_are_refused(outside):
    ended = outside("method=confident_ones", "method.treshold=0.2")
    assert ended.returncode == 1
    assert ended.stderr.strip() == "semisup: there is no option method.treshold; did you mean 'threshold'?"
    ended = outside("method=confident_ones", "method.threshold=95")
    assert ended.returncode == 1
    assert ended.stderr.strip() == "semisup: method.threshold=95 is not valid: it is a number from 0 to 1."


def test_a_method_with_a_state_keeps_it_in_its_checkpoint(outside, tmp_path):
    """12 steps. The mean confidence starts at 1/10 for 10 classes, and rises with the network's."""
    ended = outside("method=above_mean")
    assert ended.returncode == 0, ended.stderr
    (file,) = (tmp_path / "runs").glob("digits-100-above_mean-mlp-*/round0/last.ckpt")
    state = torch.load(file, weights_only=True)["state_dict"]
    assert state["steps"] == 12
    assert 0.1 < state["mean"] < 1


def test_a_method_with_two_optimizers_trains_each_part_at_its_own_rate(outside, tmp_path):
    """12 batches. The optimizer's rate is .001, of which the peer has half; the schedule is constant."""
    ended = outside("method=co_training", "optimizer.schedule=constant")
    assert ended.returncode == 0, ended.stderr
    (file,) = (tmp_path / "runs").glob("digits-100-co_training-mlp-*/round0/last.ckpt")
    checkpoint = torch.load(file, weights_only=True)
    assert checkpoint["global_step"] == 12
    assert [o["param_groups"][0]["lr"] for o in checkpoint["optimizer_states"]] == [1e-3, 5e-4]


def test_so_do_a_network_and_a_data_source(outside, tmp_path):
    """1,000 images: 200 for the test, and 800 of which 20 have a label."""
    ended = outside("data=rings")
    assert ended.returncode == 0, ended.stderr
    found = result(tmp_path, "rings-20-pseudo_label-tiny")
    assert found["test"]["images"] == 200
    assert set(found["test"]["per_class"]) == {"disc", "ring"}
    ended = outside("data=rings", "data.cuont=9")
    assert ended.stderr.strip() == "semisup: there is no option data.cuont; did you mean 'count'?"


def test_so_does_a_labeler(outside, tmp_path):
    ended = outside("labeler=margin", "labeler.least=0.01")
    assert ended.returncode == 0, ended.stderr
    teacher, student = result(tmp_path, "digits-100-self_training-mlp")["rounds"]
    assert 0 < teacher["labels"]["kept"] < teacher["labels"]["images"]
    assert student["pseudo_labels"] == teacher["labels"]
    ended = outside("labeler=margin", "labeler.leats=0.01")
    assert ended.stderr.strip() == "semisup: there is no option labeler.leats; did you mean 'least'?"


def test_every_documented_file_and_command_is_tried():
    assert len(FILES) == 12
    assert len(COMMANDS) == 6  # that of a view is tried in tests/data/test_custom_views.py
