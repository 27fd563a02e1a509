"""A batch that goes through the network in parts gives the step that it gives as a whole."""

from pathlib import Path

import pytest
import torch
from rich.console import Console

from semisup.methods import FixMatch
from semisup.runs.run import run as start

# Without dropout and batch norm, the mean of the parts' gradients is the gradient of the batch.
SAME = ("backbone.dropout=0", "optimizer=sgd", "optimizer.lr=.1", "method=fixmatch", "method.threshold=.1")


def last(runs: Path) -> dict:
    (file,) = runs.glob("*/round0/last.ckpt")
    return torch.load(file, weights_only=True)


def test_micro_batches_take_the_steps_of_the_whole_batch(run, tmp_path):
    """12 steps of SGD on 8 + 16 images, in one part and in four: weights, curves, average and coverage agree."""
    results = [run(*SAME, f"trainer.micro_batches={n}", f"runs_dir={tmp_path / str(n)}") for n in (1, 4)]
    whole, parts = (last(tmp_path / str(n)) for n in (1, 4))
    assert parts["global_step"] == whole["global_step"] == 12
    for name, weight in whole["state_dict"].items():
        torch.testing.assert_close(parts["state_dict"][name], weight, atol=2e-5, rtol=1e-3)
    assert results[0]["pseudo_labels"]["coverage"] == pytest.approx(results[1]["pseudo_labels"]["coverage"], abs=0.05)
    rows = [next((tmp_path / str(n)).glob("*/round0/metrics.csv")).read_text().splitlines() for n in (1, 4)]
    assert [row.split(",")[0] for row in rows[0]] == [row.split(",")[0] for row in rows[1]]


def test_micro_batches_resume_exactly(run, config, outcome, tmp_path, monkeypatch):
    """With dropout. Fails in the second part of step 7, after the checkpoint of step 6."""

    def fail(self, labeled, unlabeled):
        if self.step == 7 and labeled.index[0] != first.setdefault("index", labeled.index[0]):
            raise ZeroDivisionError
        return untouched(self, labeled, unlabeled)

    first: dict = {}
    untouched = FixMatch.loss
    monkeypatch.setattr(FixMatch, "loss", fail)
    more = ["method=fixmatch", "trainer.micro_batches=2", "trainer.save_every=3"]
    with pytest.raises(ZeroDivisionError):
        start(config(*more), Console(quiet=True))
    monkeypatch.setattr(FixMatch, "loss", untouched)
    run(*more)
    resumed = outcome()
    run(*more, f"runs_dir={tmp_path / 'uninterrupted'}")
    assert resumed == outcome(tmp_path / "uninterrupted")
