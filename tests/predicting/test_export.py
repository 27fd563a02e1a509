"""Exported networks: raw inputs in, calibrated probabilities out, the same as those of the run's own network."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from PIL import Image

from semisup.cli.export import export
from semisup.core.errors import SemisupError
from semisup.metrics.calibration import softmax
from semisup.models.backbones import Backbone
from semisup.models.classifier import Classifier
from semisup.predicting import export as exporting
from semisup.predicting.export import chosen_format, export_run
from semisup.runs.trained_run import open_run
from tests.predicting.conftest import trained

DIGITS = [str(digit) for digit in range(10)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A convolutional network for digits, which enlarges them from 8 to 16 pixels itself."""
    home = tmp_path_factory.mktemp("home")
    places = (f"data_dir={home / 'data'}", f"runs_dir={home / 'runs'}")
    return trained("data=digits", "data.labels=60", "backbone=small_cnn", *places)


@pytest.fixture(scope="module")
def images(finished: Path) -> Any:
    """The test images, (359, 8, 8, 1) uint8."""
    return np.array(np.load(finished.parents[1] / "data" / "stores" / "digits" / "test_images.npy"))


@pytest.fixture(scope="module")
def expected(finished: Path) -> Any:
    """The run's own predictions for the test images, calibrated by hand."""
    own = np.load(finished / "predictions.npz")["probability"].astype(np.float64)
    return softmax(np.log(own), json.loads((finished / "result.json").read_text())["temperature"])


def check(predict: Callable[[Any], Any], images: Any, expected: Any) -> None:
    for count in (1, 7, len(images)):
        found = predict(images[:count])
        assert found.shape == (count, 10)
        assert_allclose(found, expected[:count], atol=2e-6)


def test_onnx(finished, images, expected, tmp_path, capsys):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    export(str(finished), str(tmp_path / "model.onnx"))
    session = runtime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    check(lambda some: session.run(["probabilities"], {"images": some})[0], images, expected)
    (takes,) = session.get_inputs()
    assert (takes.type, takes.shape[1:]) == ("tensor(uint8)", [8, 8, 1])
    known = session.get_modelmeta().custom_metadata_map
    assert json.loads(known["classes"]) == DIGITS
    assert json.loads(known["temperature"]) == open_run(finished).temperature
    assert "largest difference of a probability on 64 real inputs: " in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_torch_export(finished, images, expected, tmp_path):
    export(str(finished), str(tmp_path / "model.pt2"))
    known = {"classes": ""}
    program = torch.export.load(tmp_path / "model.pt2", extra_files=known).module()
    check(lambda some: program(torch.from_numpy(some)).detach().numpy(), images, expected)
    assert json.loads(known["classes"]) == DIGITS


def test_one_image_to_check_with_does_not_fix_the_number_of_inputs(finished, images, expected, tmp_path):
    Image.fromarray(images[0, ..., 0]).save(tmp_path / "0.png")
    export(str(finished), str(tmp_path / "model.pt2"), images=str(tmp_path / "0.png"))
    program = torch.export.load(tmp_path / "model.pt2").module()
    check(lambda some: program(torch.from_numpy(some)).detach().numpy(), images, expected)


class Branching(Backbone):
    """A network that branches on the values of its input, which no graph can hold."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1) if x.sum() > 0 else -x.flatten(1)


@pytest.mark.parametrize("kind", ["torch", "onnx"])
def test_a_network_that_cannot_be_exported_is_one_sentence(finished, images, tmp_path, kind):
    if kind == "onnx":
        pytest.importorskip("onnxscript")
        pytest.importorskip("onnxruntime")
    run = open_run(finished)
    vars(run)["classifier"] = Classifier(Branching(run.shape, 10), [0.5], [0.3])  # in place of the one that is read
    with pytest.raises(SemisupError, match=rf"model was not written: the network cannot be put into {kind} \(.+\)\.$"):
        export_run(run, tmp_path / "model", kind, torch.from_numpy(images[:2]))
    assert [*tmp_path.iterdir()] == []


def test_safetensors(finished, images, expected, tmp_path):
    safetensors = pytest.importorskip("safetensors")
    export(str(finished), str(tmp_path / "weights"), format="safetensors")
    with safetensors.safe_open(tmp_path / "weights", "pt") as file:
        names = file.keys()  # the file itself cannot be iterated over
        known, weights = file.metadata(), {name: file.get_tensor(name) for name in names}
    network = open_run(finished).classifier.network
    assert weights.keys() == network.state_dict().keys()
    assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())
    assert json.loads(known["classes"]) == DIGITS
    assert json.loads(known["columns"]) == []
    export(str(finished), str(tmp_path / "model.pt2"))
    assert (tmp_path / "weights").stat().st_mode == (tmp_path / "model.pt2").stat().st_mode
    assert json.loads(known["backbone"])["_target_"] == "semisup.models.backbones.SmallCNN"


class Inexact:
    """An exported program, as torch loads it, whose probabilities are .0002 off."""

    load = staticmethod(torch.export.load)

    def __init__(self, file: Path) -> None:
        self.exact = self.load(file).module()

    def module(self) -> Callable[[torch.Tensor], torch.Tensor]:
        return lambda inputs: self.exact(inputs) + 2e-4


def test_a_file_with_other_probabilities_than_the_network_is_refused(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.export, "load", Inexact)
    with pytest.raises(SemisupError, match=r"was not written: its probabilities differ by 2\.0e-04"):
        export(str(finished), str(tmp_path / "model.pt2"))
    assert [*tmp_path.iterdir()] == []


def test_what_is_wrong_is_one_sentence(finished, tmp_path, monkeypatch):
    out = tmp_path / "model.pt2"
    out.touch()
    with pytest.raises(SemisupError, match=r"model\.pt2 is already there"):
        export(str(finished), str(out))
    with pytest.raises(SemisupError, match=r"write format=.*did you mean '\.onnx'\?"):
        chosen_format(Path("model.onx"), None)
    with pytest.raises(SemisupError, match=r"images=.*none of them can be read"):
        export(str(finished), str(tmp_path / "b.pt2"), images=str(out))
    monkeypatch.setitem(exporting.PACKAGES, "torch", ("no_such_package",))
    with pytest.raises(SemisupError, match=r"format=torch needs no_such_package: pip install 'semisup\[export\]'"):
        export(str(finished), str(tmp_path / "b.pt2"))
