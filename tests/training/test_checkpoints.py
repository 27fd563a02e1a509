"""Which checkpoint is the best, and what is left of one whose writing failed."""

import json
import re
import resource
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from PIL import Image

from semisup.core.checksums import check_seal
from semisup.core.errors import SemisupError
from semisup.data import Batch
from semisup.methods import PseudoLabel, StepOutput
from semisup.training.callbacks.checkpoints import load_checkpoint
from semisup.training.trainer import AtomicCheckpointIO


class Scripted(PseudoLabel):
    """A method from outside the package, whose validation accuracy after each evaluated step is given."""

    accuracy: ClassVar[dict[int, float]] = {}

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Gives the first images of the batch their class, and the others another one."""
        correct = round(self.accuracy.get(self.trainer.global_step, 0) * len(batch.label))
        shift = (torch.arange(len(batch.label)) >= correct).long()
        logits = torch.nn.functional.one_hot((batch.label + shift) % 10, 10).float()
        self._outputs.append((logits, batch.label, batch.index, logits.amax(-1)))


@pytest.mark.parametrize(
    ("accuracy", "best"),
    [
        ({4: 0.5, 8: 0.9, 12: 0.7}, 8),
        ({4: 0.9, 8: 0.5, 12: 0.7}, 4),
        ({4: 0.5, 8: 0.9, 12: 0.9}, 12),
        ({4: 0.9, 8: 0.9, 12: 0.7}, 8),
        ({4: 0, 8: 0, 12: 0}, 12),
    ],
)
def test_the_checkpoint_with_the_best_validation_is_evaluated_and_the_later_of_equals(
    accuracy, best, run, monkeypatch, tmp_path
):
    monkeypatch.setattr(Scripted, "accuracy", accuracy)
    result = run("method=pseudo_label", "method._target_=tests.training.test_checkpoints.Scripted")
    assert result["validation"]["step"] == best
    (folder,) = (tmp_path / "runs").glob("*/round0")
    saved = {name: torch.load(folder / f"{name}.ckpt", weights_only=True)["global_step"] for name in ("best", "last")}
    assert saved == {"best": best, "last": 12}


class DiskFull(PseudoLabel):
    """A method from outside the package. After the step `at`, no file may be larger than 10,000 bytes."""

    at: ClassVar[int | None] = None

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        if self.trainer.global_step == self.at:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        return super().loss(labeled, unlabeled)


@pytest.fixture
def file_size_limit() -> Iterator[Any]:
    """Takes the limit back: call it, or end the test."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def lift() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    yield lift
    lift()


@pytest.mark.parametrize("name", ["last", "best"])
def test_a_checkpoint_that_cannot_be_written_is_named_and_the_one_before_stays(
    name, run, outcome, monkeypatch, file_size_limit, tmp_path
):
    """The limit falls between two checkpoints: after step 3 for `last`, after step 4 for `best`, written at step 8."""
    more = ["method=pseudo_label", "method._target_=tests.training.test_checkpoints.DiskFull"]
    more += ["trainer.save_every=3"] if name == "last" else ["trainer.save_every=100"]
    saved = 4
    monkeypatch.setattr(DiskFull, "at", 4)
    with pytest.raises(SemisupError, match=rf"round0/{name}\.ckpt could not be written \(File too large\)"):
        run(*more, "optimizer.lr=1e-12", "method.t2=1")
    file_size_limit()
    (folder,) = (tmp_path / "runs").glob("*/round0")
    assert torch.load(folder / f"{name}.ckpt", weights_only=True)["global_step"] == saved
    assert not list(folder.glob(".*")), "no temporary file is left"
    monkeypatch.setattr(DiskFull, "at", None)
    run(*more, "optimizer.lr=1e-12", "method.t2=1")
    resumed = outcome()
    run(*more, "optimizer.lr=1e-12", "method.t2=1", f"runs_dir={tmp_path / 'uninterrupted'}")
    assert resumed == outcome(tmp_path / "uninterrupted")


def test_a_large_checkpoint_that_does_not_fit_is_named(tmp_path, file_size_limit):
    """torch then raises an error of its own, "unexpected pos", in the place of the system's."""
    file = tmp_path / "last.ckpt"
    file.write_text("old")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    with pytest.raises(SemisupError, match=r"last\.ckpt could not be written \(File too large\)"):
        AtomicCheckpointIO().save_checkpoint({"weights": torch.zeros(3_000_000)}, file)
    file_size_limit()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"last.ckpt": "old"}


def test_checkpoints_use_no_other_disk(run, monkeypatch, tmp_path):
    """The folder for temporary files is often small; Lightning writes checkpoints there first."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    assert run("method=supervised")["steps"] == 12
    assert run("method=supervised", "tune=batch_size", "data.labels=80")["steps"] == 12


@pytest.mark.parametrize("sealed", [True, False])
def test_no_flipped_byte_of_a_checkpoint_changes_weights(sealed, run, flipped, tmp_path):
    """Of an older checkpoint, which has no checksum, bytes that nothing reads may differ."""
    run("method=supervised", "trainer.max_steps=4", "data.validation=0")
    file = next((tmp_path / "runs").glob("*/round0/last.ckpt"))
    assert check_seal(file, "")
    if not sealed:
        torch.save(torch.load(file, weights_only=True), file)
    expected = load_checkpoint(file)["state_dict"]
    refused = 0
    for position in np.random.default_rng(0).choice(file.stat().st_size, 60, replace=False).tolist():
        with flipped(file, position):
            try:
                found = load_checkpoint(file)["state_dict"]
            except SemisupError:
                refused += 1
            else:
                assert all(torch.equal(value, expected[name]) for name, value in found.items())
    assert refused == 60 if sealed else refused > 30


def test_every_reader_refuses_a_checkpoint_with_a_flipped_byte(run, overrides, flipped, semisup, tmp_path):
    run("method=supervised", "data.validation=0")
    file = next((tmp_path / "runs").glob("*/round0/last.ckpt"))
    folder, result = file.parents[1], (file.parents[1] / "result.json").read_text()
    embedding = ("embedding=checkpoint", f"embedding.run={file}", f"runs_dir={tmp_path / 'other'}")
    commands = [
        ("export", f"run={folder}", f"out={tmp_path / 'model.safetensors'}"),
        ("predict", f"run={folder}", f"images={tmp_path / 'one.png'}", f"out={tmp_path / 'p.csv'}"),
        ("train", *overrides("method=cluster_label", *embedding)),
        ("train", *overrides("method=supervised", "data.validation=0")),  # resumes
    ]
    Image.new("L", (8, 8)).save(tmp_path / "one.png")
    for command in commands:
        if command is commands[-1]:
            (folder / "result.json").unlink()
        with flipped(file, file.stat().st_size // 2):
            status, _, errors = semisup(*command)
        assert status == 1, command
        assert re.search(r"last\.ckpt is damaged: .*; train again with overwrite=true\.$", errors.strip()), errors
    assert semisup(*commands[-1])[0] == 0
    assert json.loads((folder / "result.json").read_text())["test"] == json.loads(result)["test"]
