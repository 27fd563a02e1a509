"""MixMatch by hand."""

import torch
from torch.distributions import Beta, Uniform
from torch.testing import assert_close

from semisup.data import Batch
from semisup.methods import MixMatch
from semisup.methods.functional import mixup, sharpen
from semisup.models.backbones import WideResNet
from tests.methods.by_hand import LABELED, close, method, probabilities

VIEWS = Batch(weak=probabilities([0.8, 0.2]), weak_2=probabilities([0.6, 0.4]))


def test_sharpening():
    """T = 1/2 squares: (.49, .09) / .58"""
    close(sharpen(torch.tensor([[0.7, 0.3]]), 0.5), [[0.84483, 0.15517]])


def test_mixing():
    """.75 · 0 + .25 · 10, .5 · 1 + .5 · 0, 10"""
    mixed = mixup(torch.tensor([[0.0], [1.0], [10.0]]), torch.tensor([2, 0, 1]), torch.tensor([0.75, 0.5, 1.0]))
    assert mixed.tolist() == [[2.5], [0.5], [10.0]]


def test_without_mixing():
    """With λ = 1. The mean of (.8, .2) and (.6, .4), sharpened: q_0 = .49 / .58 = .84483.

    Consistency: (.04483² + .24483²) / 2 = .03098. Halfway up the ramp, to 100 as published:
    L = .10536 + 50 · .03098 = 1.65411
    """
    mixmatch = method(MixMatch, progress=0.2, unlabeled_weight=100.0)
    mixmatch.shares = Uniform(0.0, 1e-7)
    output = mixmatch.loss(LABELED, VIEWS)
    loss, terms = output.loss, output.terms
    close(terms["consistency"], 0.03098)
    assert_close(loss, torch.tensor(1.65411), atol=1e-3, rtol=0)
    assert output.pseudo_labels.target.tolist() == [0]
    assert output.pseudo_labels.weight.tolist() == [1.0]
    close(output.pseudo_labels.confidence, [0.7])


def test_images_and_labels_are_mixed_alike_over_the_whole_batch():
    """The three rows are the labeled image and the two views; the draws are made again in the order of the method."""
    torch.manual_seed(5)
    output = method(MixMatch, unlabeled_weight=10.0).loss(LABELED, VIEWS)
    loss = output.loss
    torch.manual_seed(5)
    share = Beta(0.5, 0.5).sample((3,)).tolist()
    order = torch.randperm(3).tolist()
    assert order != [0, 1, 2]
    assert min(share) < 0.5
    q = 0.49 / 0.58
    logits, labels = probabilities([0.9, 0.1], [0.8, 0.2], [0.6, 0.4]), torch.tensor([[1.0, 0], [q, 1 - q], [q, 1 - q]])
    p, y = [], []
    for i in range(3):
        larger = max(share[i], 1 - share[i])
        p.append((larger * logits[i] + (1 - larger) * logits[order[i]]).softmax(-1))
        y.append(larger * labels[i] + (1 - larger) * labels[order[i]])
    supervised = -(y[0] * p[0].log()).sum()
    consistency = sum(((p[i] - y[i]) ** 2).mean() for i in (1, 2)) / 2
    assert_close(loss, supervised + 10 * consistency)


def test_guessing_leaves_running_statistics_alone():
    torch.manual_seed(0)
    network = WideResNet((3, 8, 8), 3, depth=10, width=1)
    images = torch.randn(3, 2, 3, 8, 8)
    labeled = Batch(image=images[0], label=torch.tensor([0, 1]))
    MixMatch(network, ema=0).loss(labeled, Batch(weak=images[1], weak_2=images[2]))
    assert {m.num_batches_tracked.item() for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)} == {1}
