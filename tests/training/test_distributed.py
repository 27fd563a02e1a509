"""Two processes against one: the same global batches, the same curves."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

from semisup.methods import PseudoLabel

ROOT = Path(__file__).parents[2]
MORE = ("method=pseudo_label", "method.t1=0", "method.t2=0", "backbone.dropout=0", "trainer.accelerator=cpu")


@pytest.mark.parametrize("sweep", [False, True])
def test_two_processes_see_the_batches_of_one_and_agree_with_it(sweep, overrides, run, outcome, tmp_path):
    """Dropout is off, as each process draws its own. In a sweep, each job starts processes of its own."""
    distributed = tmp_path / "distributed"
    trained_by_two([*(["-m"] if sweep else []), *overrides(*MORE, f"runs_dir={distributed}")])
    run(*MORE)
    one, two = outcome(), outcome(distributed)
    assert rows(two["metrics"]) == pytest.approx(rows(one["metrics"]), rel=1e-3, abs=1e-5)
    assert two["result"]["pseudo_labels"]["coverage"] == one["result"]["pseudo_labels"]["coverage"]
    assert two["result"]["split"] == one["result"]["split"]
    (folder,) = distributed.glob("digits-*")
    assert json.loads((folder / "result.json").read_text())["steps"] == 12


def test_two_processes_label_each_image_once_and_as_one_process_does(overrides, run, tmp_path):
    """Dropout is off. The labels of a round are the same but for rounding, and so are those of the round after it."""
    more = ("method=self_training", "labeler.threshold=.12", "rounds.students=1", "data.eval_batch_size=100", *MORE[3:])
    distributed = tmp_path / "distributed"
    trained_by_two(overrides(*more, f"runs_dir={distributed}"))
    run(*more)
    for number in (0, 1):
        files = [next(runs.glob(f"digits-*/round{number}/*.parquet")) for runs in (tmp_path / "runs", distributed)]
        one, two = (parquet.ParquetFile(file).read().to_pydict() for file in files)
        assert len(set(two["index"])) == len(two["index"])
        assert two["confidence"] == pytest.approx(one["confidence"], abs=1e-4)
        for column in ("index", "label", "kept"):
            assert two[column] == one[column]


@pytest.mark.parametrize("embedding", ["pca", "network"])
def test_two_processes_cluster_once_and_as_one_process_does(embedding, overrides, run, tmp_path):
    """Dropout is off. The network of round 0 differs by roundings, so that an image at a border may change sides."""
    more = ("method=cluster_label", f"embedding={embedding}", "labeler.k=20", *MORE[3:])
    distributed = tmp_path / "distributed"
    trained_by_two(overrides(*more, f"runs_dir={distributed}"))
    run(*more)
    one, two = (next(runs.glob("digits-*")) for runs in (tmp_path / "runs", distributed))
    labels = [parquet.ParquetFile(folder / "round0/pseudo_labels.parquet").read().to_pydict() for folder in (one, two)]
    assert labels[1]["index"] == labels[0]["index"]
    same = np.mean([a == b for a, b in zip(labels[1]["label"], labels[0]["label"], strict=True)])
    assert same == 1 if embedding == "pca" else same > 0.98
    results = [json.loads((folder / "result.json").read_text()) for folder in (one, two)]
    assert results[1]["steps"] == results[0]["steps"]
    assert results[1]["rounds"][0]["clusters"]["sizes"] == pytest.approx(
        results[0]["rounds"][0]["clusters"]["sizes"], abs=0 if embedding == "pca" else 10
    )


def test_a_batch_that_cannot_be_shared_equally_is_refused(overrides):
    ended = train_by_two(overrides(*MORE, "batch.labeled=7"))
    assert ended.returncode != 0
    assert "7 labeled images per step cannot be divided equally among 2 processes" in ended.stderr


class KilledInOne(PseudoLabel):
    """A method from outside the package, whose second process is killed, as by a system that lacks memory."""

    def loss(self, *args: Any) -> Any:
        if self.global_rank == 1 and self.trainer.global_step == 6:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().loss(*args)


def test_a_killed_process_ends_the_others_with_one_sentence(overrides):
    ended = train_by_two(overrides(*MORE, f"method._target_={__name__}.KilledInOne"))
    assert ended.returncode == 1
    assert "semisup: another process of this training has ended, maybe for lack of memory" in ended.stderr
    assert "Traceback" not in ended.stderr


def rows(text: str) -> list[float]:
    return [float(value) for row in csv.DictReader(text.splitlines()) for value in row.values() if value]


def train_by_two(words: list[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "train.py", *words, "trainer.devices=2", "trainer.strategy=ddp"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)


def trained_by_two(words: list[str]) -> None:
    ended = train_by_two(words)
    assert ended.returncode == 0, ended.stderr
