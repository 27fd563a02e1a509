"""Virtual adversarial training by hand."""

import copy
import math

import torch
from torch import nn
from torch.testing import assert_close

from semisup.data import Batch
from semisup.methods import VAT
from semisup.methods.functional import unit
from semisup.models.backbones import MLP, WideResNet
from tests.methods.by_hand import LABELED, close, method, probabilities


def test_the_adversarial_direction_and_the_loss():
    """With x as logits, the prediction changes only along (1, -1). From x = (0, 0), ε = log 3 / √2 leads to logits that
    differ by log 3, in either direction: (.5, .5) becomes (.75, .25).

    KL = .5 log(.5 / .75) + .5 log(.5 / .25) = .14384; entropy log 2 = .69315
    Halfway up the ramp w = .3 / 2: L = .10536 + .15 · .14384 + .06 · .69315 = .16853
    """
    vat = method(VAT, progress=0.2, epsilon=math.log(3) / math.sqrt(2))
    output = vat.loss(LABELED, Batch(weak=probabilities([0.5, 0.5], [0.5, 0.5], [0.5, 0.5])))
    loss, terms = output.loss, output.terms
    close(terms["smoothness"], 0.14384)
    close(loss, 0.16853)
    assert output.pseudo_labels is None


def test_no_gradient_flows_through_the_clean_prediction():
    """d/dz of KL(p ‖ softmax(z + r)) at z = (0, 0) is q - p = ±(.25, -.25); through p, there would be more to it."""
    weak = torch.zeros(1, 2, requires_grad=True)
    vat = method(VAT, epsilon=math.log(3) / math.sqrt(2), entropy_weight=0.0, unlabeled_weight=1.0)
    vat.loss(LABELED, Batch(weak=weak)).loss.backward()
    close(weak.grad.abs(), [[0.25, 0.25]])


def test_each_image_has_a_perturbation_of_its_own_length():
    """(3, 4) has length 5; neither very small numbers nor zeros break it."""
    found = unit(torch.tensor([[[3.0, 4.0]], [[3e-25, 4e-25]], [[0.0, 0.0]]]))
    assert_close(found, torch.tensor([[[0.6, 0.8]], [[0.6, 0.8]], [[0.0, 0.0]]]))


def test_the_passes_differ_by_the_perturbation_alone():
    """Without a perturbation nothing is adversarial, whatever dropout and batch norm do."""
    torch.manual_seed(0)
    labeled = Batch(image=torch.randn(3, 4), label=torch.tensor([0, 1, 2]))
    vat = VAT(MLP((4,), 3, dropout=0.5), ema=0, epsilon=0.0)
    assert vat.loss(labeled, Batch(weak=torch.randn(6, 4))).terms["smoothness"].abs() < 1e-6


def test_running_statistics_follow_the_clean_pass():
    torch.manual_seed(0)
    labeled = Batch(image=torch.randn(2, 3, 8, 8), label=torch.tensor([0, 1]))
    weak = torch.randn(4, 3, 8, 8)
    network = WideResNet((3, 8, 8), 3, depth=10, width=1)
    once = copy.deepcopy(network)
    VAT(network, ema=0).loss(labeled, Batch(weak=weak))
    once(torch.cat([labeled.image, weak]))
    statistics = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    expected = [m for m in once.modules() if isinstance(m, nn.BatchNorm2d)]
    for mine, theirs in zip(statistics, expected, strict=True):
        assert mine.track_running_stats
        assert_close(mine.running_mean, theirs.running_mean)
        assert_close(mine.running_var, theirs.running_var)
        assert mine.num_batches_tracked == 1


def test_the_default_xi_finds_the_direction_in_which_the_prediction_changes_most():
    """Mean cosine with a finite difference in float64. With a xi of 1e-6 it would be near 0."""
    torch.manual_seed(0)
    network, x = MLP((64,), 10, dropout=0.0), torch.randn(8, 64)
    d = unit(torch.randn(8, 64))
    found = gradient(network, x, d, VAT(network).xi)
    exact = gradient(network.double(), x.double(), d.double(), 1e-5)
    assert (unit(found) * unit(exact)).sum(-1).mean() > 0.99


def gradient(network: nn.Module, x: torch.Tensor, d: torch.Tensor, xi: float) -> torch.Tensor:
    probe = (xi * d).requires_grad_()
    target = network(x).detach().log_softmax(-1)
    divergence = (target.exp() * (target - network(x + probe).log_softmax(-1))).sum()
    return torch.autograd.grad(divergence, probe)[0]
