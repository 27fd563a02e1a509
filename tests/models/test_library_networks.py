"""The networks of torchvision and timm: their weights, and the sentences for what cannot work."""

import sys
from urllib.error import URLError

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from semisup.core.errors import SemisupError
from semisup.models.backbones import Timm, Torchvision

RGB = (3, 32, 32)


def test_dropout_and_stochastic_depth_reach_the_libraries():
    network = Torchvision(RGB, 10, name="efficientnet_b0", dropout=0.4, stochastic_depth=0.3)
    assert any(isinstance(module, nn.Dropout) and module.p == 0.4 for module in network.modules())
    assert max(getattr(module, "p", 0) for module in network.network.features.modules()) > 0.25


@pytest.mark.parametrize(
    ("network", "name", "layer", "suffix"),
    [
        (Torchvision, "shufflenet_v2_x0_5", "fc", "pth"),
        (Timm, "lcnet_035", "classifier", "pth"),
        (Timm, "lcnet_035", "classifier", "safetensors"),
    ],
)
def test_weights_from_a_file(network, name, layer, suffix, tmp_path):
    """A file with a classification layer of 1000 classes, as ImageNet's are. Two random starts differ."""
    if network is Timm:
        pytest.importorskip("timm", reason="timm is an extra, semisup[timm]")
    saved = network(RGB, 10, name=name).network.state_dict()
    content = {**saved, f"{layer}.weight": torch.zeros(1000, 3), f"{layer}.bias": torch.zeros(1000)}
    file = tmp_path / f"weights.{suffix}"
    if suffix == "safetensors":
        pytest.importorskip("safetensors.torch", reason="safetensors comes with timm").save_file(content, file)
    else:
        torch.save(content, file)
    loaded = network(RGB, 10, name=name, weights=str(file)).network.state_dict()
    assert_close(dict(loaded), dict(saved), rtol=0, atol=0)


def test_a_file_that_does_not_fit(tmp_path):
    state = Torchvision(RGB, 10, name="shufflenet_v2_x0_5").network.state_dict()
    file = tmp_path / "weights.pth"

    def refuses(content: object, sentence: str) -> None:
        torch.save(content, file)
        with pytest.raises(SemisupError, match=sentence):
            Torchvision(RGB, 10, name="shufflenet_v2_x0_5", weights=str(file))

    refuses({**state, "extra.weight": torch.zeros(1)}, r"1 entries .* the first is 'extra\.weight'")
    refuses({key: value for key, value in state.items() if key != "conv1.0.weight"}, r"'conv1\.0\.weight'")
    refuses({**state, "conv1.0.weight": torch.zeros(1)}, r"'conv1\.0\.weight'")
    refuses({"epoch": 3, "state_dict": state}, "holds more than a state dict")
    refuses(nn.Linear(1, 1), "is not a file of weights")


def test_weights_of_another_implementation_in_order(tmp_path):
    """The same layers under other names, with a classification layer of 1000 classes at the end."""
    saved = Torchvision(RGB, 10, name="shufflenet_v2_x0_5").network.state_dict()
    theirs = [value for key, value in saved.items() if not key.endswith("num_batches_tracked")]
    file = tmp_path / "weights.pth"

    def loaded(tensors: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        torch.save({f"layer{number}": tensor for number, tensor in enumerate(tensors)}, file)
        return Torchvision(RGB, 10, name="shufflenet_v2_x0_5", weights=f"in_order:{file}").network.state_dict()

    assert_close(loaded([*theirs, torch.zeros(1000, 3), torch.zeros(1000)]), dict(saved), rtol=0, atol=0)
    with pytest.raises(
        SemisupError, match=r"in order: 'layer1' is \(24, 3, 3, 3\) where 'conv1\.1\.weight' is \(24,\)"
    ):
        loaded([theirs[0], theirs[0], *theirs[2:]])
    with pytest.raises(SemisupError, match="1 entries are missing"):
        loaded(theirs[:-1])


def test_a_download_that_fails(monkeypatch, tmp_path):
    def offline(*_, **__):
        raise URLError("no internet")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", offline)
    with pytest.raises(SemisupError, match=r"shufflenet_v2_x0_5 .*no internet.*backbone\.weights=/path/file\.pth"):
        Torchvision(RGB, 10, name="shufflenet_v2_x0_5", weights="pretrained")


def test_a_missing_timm(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(SemisupError, match=r"pip install 'semisup\[timm\]'"):
        Timm(RGB, 10, name="lcnet_035")


def test_misspelt_networks():
    with pytest.raises(SemisupError, match="did you mean 'resnet18'"):
        Torchvision(RGB, 10, name="resnet-18")
    pytest.importorskip("timm", reason="timm is an extra, semisup[timm]")
    with pytest.raises(SemisupError, match="did you mean 'lcnet_035'"):
        Timm(RGB, 10, name="lcnet_35")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Torchvision((2, 32, 32), 10, name="resnet18"), "1 or 3 channels, and this data set has 2"),
        (lambda: Torchvision(RGB, 10, name="resnet18", dropout=0.5), "resnet18 lacks dropout .*'dropout'"),
        (lambda: Torchvision(RGB, 10, name="squeezenet1_1"), "no linear layer"),
        (lambda: Torchvision(RGB, 10, name="alexnet"), r"32 x 32 pixels .*: set backbone\.size"),
        (lambda: Torchvision(RGB, 10, name="resnet18", weights="imagenet"), "neither 'pretrained' nor a file"),
    ],
)
def test_sentences(make, sentence):
    with pytest.raises(SemisupError, match=sentence):
        make()
