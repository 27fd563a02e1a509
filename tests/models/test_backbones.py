"""The networks: sizes, shapes, and the sentences for what cannot work."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import nn
from torch.testing import assert_close

from semisup.core.errors import SemisupError
from semisup.models.backbones import MLP, Backbone, KerasCNN, ResNet18, SmallCNN, WideResNet
from semisup.models.backbones.stochastic_depth import StochasticDepth, linear_drop_rates

CONFIGS = Path(__file__).parents[2] / "conf" / "backbone"
EMBEDDING_NAMES = ("linear", "mlp_head")  # that take the features of a frozen network
NAMES = sorted(file.stem for file in CONFIGS.glob("*.yaml") if file.stem not in EMBEDDING_NAMES)
SMALLEST = {"torchvision": "shufflenet_v2_x0_5", "timm": "lcnet_035"}  # for the configs that ask for a name
SHAPES = [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 96, 96)]
RGB = (3, 32, 32)


def configured(config: str, shape: tuple[int, ...] = RGB, **options: object) -> Backbone:
    """The network that `backbone=<config>` gives."""
    if config == "timm":
        pytest.importorskip("timm", reason="timm is an extra, semisup[timm]")
    if config in SMALLEST:
        options["name"] = SMALLEST[config]
    torch.manual_seed(0)
    return instantiate(OmegaConf.load(CONFIGS / f"{config}.yaml"), shape=shape, classes=10, **options)


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("network", "count"), [(SmallCNN, 32_122), (KerasCNN, 122_570), (WideResNet, 1_467_610), (ResNet18, 11_173_962)]
)
def test_parameters_of_the_published_networks(network, count):
    assert parameters(network(RGB, 10)) == count


def test_the_network_of_lee_2013_has_one_layer_of_5000():
    """784 · 5000 + 5000 weights and biases in, 5000 · 10 + 10 out."""
    assert parameters(MLP((1, 28, 28), 10, hidden=[5000], dropout=0.5)) == 784 * 5000 + 5000 + 5000 * 10 + 10


def test_dropout_of_the_inputs_is_for_training_alone():
    """Half of 1,000 inputs of 1 are 0, the others 2, and the sum stays about 1,000; in evaluation all are 1."""
    network = MLP((1000,), 2, hidden=[], input_dropout=0.5)
    torch.manual_seed(0)
    seen = network.features(torch.ones(1, 1000))
    assert set(seen.unique().tolist()) == {0.0, 2.0}
    assert seen.sum().item() == pytest.approx(1000, abs=100)
    assert torch.equal(network.eval().features(torch.ones(1, 1000)), torch.ones(1, 1000))


@pytest.mark.parametrize("config", NAMES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_config_takes_images_of_every_size(config, shape):
    network = configured(config, shape)
    x = torch.rand(2, *shape)
    with torch.no_grad():
        assert network.features(x).shape == (2, network.num_features)
        assert network(x).shape == (2, 10)
    assert isinstance(network.head, nn.Linear)
    assert network.head.in_features == network.num_features


@pytest.mark.parametrize("config", NAMES)
def test_the_memory_format_changes_nothing(config):
    network = configured(config).eval()
    x = torch.rand(2, *RGB)
    with torch.no_grad():
        expected = network(x)
        network = network.to(memory_format=torch.channels_last)
        actual = network(x.contiguous(memory_format=torch.channels_last))
    assert_close(actual, expected, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("config", NAMES)
def test_every_parameter_learns_under_bf16(config):
    network = configured(config).to(memory_format=torch.channels_last)
    x = torch.rand(4, *RGB).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(x)
    logits.float().logsumexp(1).sum().backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []


def test_small_images_are_enlarged_and_large_ones_come_as_they_are():
    assert SmallCNN((1, 8, 8), 10).shape == (1, 16, 16)
    assert SmallCNN((1, 8, 12), 10).shape == (1, 16, 24)
    assert SmallCNN((1, 28, 28), 10).shape == (1, 28, 28)
    assert SmallCNN((1, 8, 8), 10, size=32).shape == (1, 32, 32)
    assert SmallCNN((3, 96, 64), 10, size=32).shape == (3, 48, 32)


def test_resizing_is_bilinear():
    """Twice as wide, between 0 and 1: the new pixels' centers lie at -1/4, 1/4, 3/4 and 5/4 of the old spacing."""

    class Wide(Backbone):
        min_size = 4

    x = torch.tensor([[0.0, 1.0], [0.0, 1.0]])[None, None]
    assert_close(Wide((1, 2, 2), 10).resize(x), torch.tensor([0.0, 0.25, 0.75, 1.0]).expand(1, 1, 4, 4))


def test_tables_go_into_the_mlp():
    network = MLP((7,), 3, hidden=[5])
    assert network(torch.rand(2, 7)).shape == (2, 3)
    assert MLP((7,), 3, hidden=[]).num_features == 7


@pytest.mark.parametrize("config", [name for name in NAMES if name != "mlp"])
def test_image_networks_refuse_tables(config):
    with pytest.raises(Exception, match="needs images, and this data set has rows of 7 numbers: use backbone=mlp") as e:
        configured(config, (7,))
    assert isinstance(e.value.__cause__, SemisupError)  # Hydra wraps what a constructor raises


def test_keras_weights_start_as_in_keras():
    """Glorot's bound of the second convolution: sqrt(6 / (9 · 32 + 9 · 64)) = 0.0833. Biases are 0."""
    network = KerasCNN(RGB, 10)
    assert network.convolutions[3].weight.abs().max().item() == pytest.approx(0.0833, abs=1e-3)
    assert all(not parameter.any() for name, parameter in network.named_parameters() if name.endswith("bias"))


def test_stochastic_depth_keeps_the_expectation():
    """An image keeps its branch, scaled by 1 / 0.75, or loses it whole. 10,000 draws: standard error 0.006."""
    torch.manual_seed(0)
    out = StochasticDepth(0.25)(torch.ones(10_000, 2, 1, 1))
    assert_close(out[:, 0], out[:, 1])
    assert_close(out.unique(), torch.tensor([0, 4 / 3]))
    assert out.mean().item() == pytest.approx(1, abs=0.03)


def test_stochastic_depth_grows_linearly():
    assert linear_drop_rates(0.2, 4) == pytest.approx([0.05, 0.1, 0.15, 0.2])


@pytest.mark.parametrize("network", [WideResNet, ResNet18])
def test_stochastic_depth_is_for_training_only(network):
    plain, deep = network(RGB, 10), network(RGB, 10, stochastic_depth=0.8)
    deep.load_state_dict(plain.state_dict())
    x = torch.rand(2, *RGB)
    with torch.no_grad():
        assert not torch.allclose(plain(x), deep(x))
        deep.load_state_dict(plain.state_dict())  # the running statistics moved
        assert_close(plain.eval()(x), deep.eval()(x), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: SmallCNN(RGB, 10, size=8), r"16 pixels or more, and backbone\.size=8 is less"),
        (
            lambda: SmallCNN(RGB, 10, dropout=1.5),
            r"SmallCNN: dropout=1\.5 is not valid: it is a number of at least 0 and below 1",
        ),
        (lambda: ResNet18(RGB, 10, stochastic_depth=1.0), r"ResNet18: stochastic_depth=1\.0 is not valid"),
        (lambda: WideResNet(RGB, 10, depth=27), r"backbone\.depth=27 is not valid: it is 6 n \+ 4"),
        (
            lambda: MLP((7,), 3, hidden=[-1]),
            r"MLP: hidden=\[-1\] is not valid: it is a list, each item a whole number",
        ),
        (lambda: MLP((7,), 3, hidden=[5.0]), r"hidden=\[5\.0\] is not valid"),
        (lambda: MLP((7,), 3, dropout=float("nan")), "dropout=nan is not valid"),
        (lambda: WideResNet(RGB, 10, width=0), "width=0 is not valid"),
        (lambda: WideResNet(RGB, 10, width=True), "width=True is not valid"),
        (lambda: KerasCNN(RGB, 10, size=1e20), "size=1e[+]20 is not valid"),
    ],
)
def test_sentences(make, sentence):
    with pytest.raises(SemisupError, match=sentence):
        make()


def test_importing_the_networks_imports_neither_torchvision_nor_timm():
    check = "import sys, semisup.models.backbones; sys.exit('torchvision' in sys.modules or 'timm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@pytest.mark.parametrize("config", EMBEDDING_NAMES)
def test_a_network_on_embeddings_favors_no_class_by_length_and_refuses_images(config):
    """Twice as long an embedding has the same features."""
    network = instantiate(OmegaConf.load(CONFIGS / f"{config}.yaml"), shape=(6,), classes=10).eval()
    x = torch.randn(4, 6)
    torch.testing.assert_close(network.features(2 * x), network.features(x))
    assert network(x).shape == (4, 10)
    with pytest.raises(Exception, match="takes the features of a frozen network"):
        instantiate(OmegaConf.load(CONFIGS / f"{config}.yaml"), shape=(3, 8, 8), classes=10)
