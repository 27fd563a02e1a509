"""Optimizers: their options, the rates of layers, and schedules."""

import pytest
import torch
from torch import nn

from semisup.config.resolve import complete
from semisup.core.errors import SemisupError
from semisup.methods import Supervised
from semisup.methods.optimizers import adam, sgd
from semisup.models.backbones import MLP


def test_weight_decay_spares_biases_and_norms():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 2))
    decayed, spared = sgd(weight_decay=0.1).optimizer(network).param_groups
    assert decayed["weight_decay"] == 0.1
    assert [p.ndim for p in decayed["params"]] == [4, 2]
    assert spared["weight_decay"] == 0.0
    assert all(p.ndim == 1 for p in spared["params"])


def test_schedules():
    """Cosine over steps 10 to 110 after a warm-up of 10: 1/10 at first, 1 at 10, 1/2 in the middle, 0 at the end."""
    optimizer = adam(warmup=10)
    assert [optimizer.factor(s, 110) for s in (0, 9, 10, 60, 110)] == pytest.approx([0.1, 1, 1, 0.5, 0])
    assert adam(schedule="constant").factor(99, 100) == 1.0


OUT_OF_RANGE = [
    ("sgd", "momentum", 2, "a number of at least 0 and below 1"),
    ("sgd", "momentum", 1, "a number of at least 0 and below 1"),
    ("sgd", "momentum", -0.1, "a number of at least 0 and below 1"),
    ("sgd", "momentum", float("nan"), "a number of at least 0 and below 1"),
    ("adam", "beta1", 1.0, "a number of at least 0 and below 1"),
    ("adam", "beta2", True, "a number of at least 0 and below 1"),
    ("adam", "lr", 0, "a number above 0"),
    ("adam", "lr", float("inf"), "a number above 0"),
    ("sgd", "lr", -1, "a number above 0"),
    ("adam", "weight_decay", -1e-4, "a number of at least 0"),
    ("sgd", "warmup", -1, "a whole number of at least 0"),
    ("sgd", "warmup", 10**20, "a whole number of at least 0"),
    ("sgd", "warmup", 1.5, "a whole number of at least 0"),
]


@pytest.mark.parametrize(("kind", "option", "value", "range_"), OUT_OF_RANGE)
def test_an_option_of_an_optimizer_out_of_range_is_one_sentence(config, kind, option, value, range_):
    """From Python and from a config, which may write nan as .nan."""
    with pytest.raises(SemisupError, match=rf"^{kind}: {option}={value} is not valid: it is {range_}\.$"):
        {"sgd": sgd, "adam": adam}[kind](**{option: value})
    options = config(f"optimizer={kind}")
    options["optimizer"][option] = value
    written = "true" if value is True else value
    with pytest.raises(SemisupError, match=rf"^optimizer\.{option}={written} is not valid: it is {range_}\.$"):
        complete(options)


def test_nesterov_without_momentum_is_one_sentence(config):
    said = r"^optimizer\.nesterov=true needs a momentum above 0; write optimizer\.nesterov=false\.$"
    with pytest.raises(SemisupError, match=said):
        sgd(momentum=0)
    with pytest.raises(SemisupError, match=said):
        complete(config("optimizer=sgd", "optimizer.momentum=0"))
    assert sgd(momentum=0, nesterov=False).optimizer(nn.Linear(1, 1)).defaults["momentum"] == 0


def test_the_momentum_of_lee_rises_and_damps_the_gradient():
    """m = .5 and .9 at steps 0 and 2 of 4, .7 in between, and a gradient of 1. The first step of torch is not damped:
    ΔW = -.1 · 1, then -.1 · (.7 · 1 + .3) = -.1, then -.1 · (.9 · 1 + .1) = -.1. With a gradient of 2 in the third:
    -.1 · (.9 · 1 + .1 · 2) = -.11. W = -.1 - .1 - .11 = -.31
    """
    config = sgd(lr=0.1, weight_decay=0, momentum=0.9, momentum_start=0.5, nesterov=False, schedule="constant")
    layer = nn.Linear(1, 1, bias=False)
    layer.weight.data.zero_()
    optimizer = config.optimizer(layer)
    schedule = config.scheduler(optimizer, 4)
    seen = []
    for gradient in (1.0, 1.0, 2.0):
        layer.weight.grad = torch.tensor([[gradient]])
        seen.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        schedule.step()
    assert seen == pytest.approx([0.5, 0.7, 0.9])
    assert layer.weight.item() == pytest.approx(-0.31)
    again = config.scheduler(config.optimizer(layer), 4)
    again.load_state_dict(schedule.state_dict())
    assert again.last_epoch == 3


def test_a_momentum_that_rises_is_for_plain_momentum():
    with pytest.raises(SemisupError, match=r"^optimizer\.momentum_start is not for Nesterov's momentum"):
        sgd(momentum_start=0.5)
    with pytest.raises(SemisupError, match=r"^optimizer\.momentum_start=0\.95 is above optimizer\.momentum=0\.9\.$"):
        sgd(momentum_start=0.95, nesterov=False)


class WithHead(Supervised):
    """A method with a projection head beside the network, whose output is a part of the loss."""

    def __init__(self, network, **base):
        super().__init__(network, **base)
        self.projection = nn.Linear(2, 1)
        self.frozen = nn.Linear(2, 1).requires_grad_(False)


def test_parameters_beside_the_network_are_trained_and_frozen_ones_are_not():
    """The network's come first, in their order, so that a method without others is optimized as before."""
    method = WithHead(nn.Linear(2, 2), ema=0.9, optimizer=sgd())
    trained = [p for group in method.optimizer.optimizer(method).param_groups for p in group["params"]]
    assert {id(p) for p in trained} == {id(p) for m in (method.network, method.projection) for p in m.parameters()}
    assert trained[0] is method.network.weight


def test_each_layer_has_its_share_of_the_rate():
    """Three layers and layer_decay=.5: the head and what is beside the network 1, then .5 and .25 of the rate."""
    method = WithHead(MLP((4,), 2, hidden=[3, 2], dropout=0.0), ema=0)
    optimizer = adam(lr=0.1, layer_decay=0.5, weight_decay=0.2).optimizer(method)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    linear = [module for module in method.network.modules() if isinstance(module, nn.Linear)]
    assert [rates[id(layer.weight)] for layer in linear] == pytest.approx([0.025, 0.05, 0.1])
    assert rates[id(method.projection.weight)] == 0.1
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert {decays[id(layer.bias)] for layer in linear} == {0.0}


def test_schedules_of_the_field():
    """At 0, 1/2 and the end of 100 steps."""
    shares = {
        "cosine_7_16": [1, 0.77301, 0.19509],  # cos(7π/32), cos(7π/16)
        "linear": [1, 0.5, 0],
        "exponential": [1, 0.31623, 0.1],  # .1^(1/2)
    }
    for schedule, expected in shares.items():
        assert [sgd(schedule=schedule).factor(s, 100) for s in (0, 50, 100)] == pytest.approx(expected, abs=1e-5)
    step = sgd(schedule="step", decay_at=[0.5, 0.8], decay_factor=0.2)
    assert [step.factor(s, 100) for s in (49, 50, 79, 80)] == pytest.approx([1, 0.2, 0.2, 0.04])
    assert [sgd(schedule="step").factor(s, 100) for s in (49, 50, 75)] == pytest.approx([1, 0.1, 0.01])


def test_an_option_that_the_schedule_does_not_have_is_refused(config):
    with pytest.raises(SemisupError, match=r"^optimizer\.decay_at has no effect with schedule=cosine"):
        complete(config("optimizer=sgd", "optimizer.decay_at=[.5]"))
    with pytest.raises(SemisupError, match=r"^optimizer\.decay_factor has no effect with schedule=linear"):
        adam(schedule="linear", decay_factor=0.5)
