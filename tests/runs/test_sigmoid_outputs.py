"""A run with sigmoid outputs has the same probabilities wherever they are read."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.testing import assert_close

from semisup.config.rounds import fine_tuning_config
from semisup.labelers.files import read_labels
from semisup.metrics.calibration import fit_temperature
from semisup.models.classifier import OpenSetClassifier
from semisup.predicting.export import export_run
from semisup.reports.run_page.network import RunNetwork
from semisup.runs.checkpoint_config import network_outputs
from semisup.runs.trained_run import TrainedRun, open_run

LEE = ("method=pseudo_label", "method.outputs=sigmoid", "method.threshold=0", "method.ema=0", "optimizer.lr=.02")


def finished(runs: Path) -> TrainedRun:
    (folder,) = (path for path in runs.iterdir() if not path.name.startswith("."))
    return open_run(folder)


def by_hand(run: TrainedRun, images: NDArray[Any], temperature: float) -> torch.Tensor:
    """σ(z)^(1/T), divided by its sum."""
    with torch.no_grad():
        z = run.classifier.network(run.classifier.normalized(torch.from_numpy(np.array(images))))
    power = z.sigmoid() ** (1 / temperature)
    return power / power.sum(-1, keepdim=True)


@pytest.fixture
def trained(run: Any, tmp_path: Path) -> TrainedRun:
    run(*LEE)
    return finished(tmp_path / "runs")


def test_test_predictions_the_page_and_the_exports_agree(trained, tmp_path):
    store = trained.open_store()
    plain = by_hand(trained, store.test_images, 1.0)
    saved = trained.predictions
    assert saved is not None
    assert_close(torch.from_numpy(saved.probability), plain, atol=1e-5, rtol=0)
    seen = RunNetwork(trained, store).outputs(store.test_images, np.arange(len(store.test_images)))
    assert_close(torch.from_numpy(seen.logits).softmax(-1), plain, atol=1e-5, rtol=0)
    inputs = torch.from_numpy(np.array(store.test_images[:20]))
    assert trained.temperature is not None
    calibrated = by_hand(trained, store.test_images[:20], trained.temperature)
    assert_close(trained.classifier(inputs), calibrated, atol=1e-5, rtol=0)
    predicted = OpenSetClassifier(trained.classifier, None)(inputs)  # as `semisup predict` does
    assert_close(predicted[:, :-1], calibrated, atol=1e-5, rtol=0)
    export_run(trained, tmp_path / "model.pt2", "torch", inputs)
    assert_close(torch.export.load(tmp_path / "model.pt2").module()(inputs), calibrated, atol=1e-5, rtol=0)
    assert export_run(trained, tmp_path / "model.safetensors", "safetensors", inputs) < 1e-6


def test_the_temperature_is_fitted_to_the_probabilities_of_sigmoid_outputs(trained):
    store, rows = trained.open_store(), np.load(trained.folder / "split.npz")["validation"]
    logits = by_hand(trained, store.images[rows], 1.0).log().numpy()
    assert trained.temperature == pytest.approx(fit_temperature(logits, store.targets[rows]), rel=1e-3)


def test_labelers_read_the_probabilities_of_sigmoid_outputs(run, tmp_path):
    run(*LEE, "labeler=confident", "labeler.threshold=0", "rounds.students=1", "rounds.patience=1")
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if not path.name.startswith("."))
    trained = open_run(folder)
    vars(trained)["checkpoint"] = next(f for n in ("best", "last") if (f := folder / f"round0/{n}.ckpt").exists())
    store, unlabeled = trained.open_store(), np.load(folder / "split.npz")["unlabeled"]
    labels = read_labels(folder / "round0" / "pseudo_labels.parquet", store, unlabeled)
    expected = by_hand(trained, store.images[unlabeled], 1.0).amax(-1)
    assert_close(torch.from_numpy(labels.confidence), expected, atol=1e-5, rtol=0)


def test_each_round_has_the_outputs_of_its_method_and_a_fine_tuning_those_of_the_round_that_it_tunes(run, tmp_path):
    teacher = ("method@teacher=supervised", "teacher.outputs=sigmoid")
    run("method=self_training", *teacher, "labeler=confident", "labeler.threshold=0", "rounds.students=1")
    trained = finished(tmp_path / "runs")
    for number, outputs in enumerate(("sigmoid", "softmax")):
        assert network_outputs(trained.folder / f"round{number}" / "best.ckpt") == outputs
        assert fine_tuning_config(trained.config, number, 2)["method"]["outputs"] == outputs
