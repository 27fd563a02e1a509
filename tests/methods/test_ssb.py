"""SSB by hand: the detector reads the logits themselves, b = σ(logits)."""

import pytest
import torch
from torch import nn

from semisup.data import Batch
from semisup.methods import SSB
from semisup.methods.detectors import OneAgainstRest, OpenHead
from semisup.models.backbones import Linear
from tests.methods.by_hand import Rows, close, feature_method

LABELED = Batch(image=torch.tensor([[2.0, 0.0]]), strong=torch.tensor([[2.0, 0.0]]), label=torch.tensor([0]))
UNLABELED = Batch(
    weak=torch.tensor([[-5.0, 0.0]]), weak_2=torch.tensor([[-5.0, 2.0]]), strong=torch.tensor([[1.0, 0.0]])
)


def ssb(progress, **options):
    made = feature_method(SSB, progress, classes=2, **options)
    made.detector.project, made.detector.classify = nn.Identity(), nn.Identity()
    return made


def test_all_parts_of_the_loss():
    """Supervised: -log .88080 = .12693. The weak view has p = (.00669, .99331): class 1, which costs 1.31326.

    D = .12693 + (log 2 + log 2) / 4 = .47350. b_0(u) = .00669 is below .01, and costs -log (1 - .73106) = 1.31326.
    The entropies of .00669, .5, .00669 and .88080 have the mean .28471. Stability: 2 (.5 - .88080)² = .29001.
    L = .12693 + 1.31326 + .47350 + 1.31326 + .1 · .28471 + .5 · .29001 = 3.40043
    """
    output = ssb(0.95).loss(LABELED, UNLABELED)
    terms = {name: float(value) for name, value in output.terms.items()}
    expected = {"supervised": 0.12693, "consistency": 1.31326, "detector": 0.4735, "negatives": 1.31326}
    assert terms == pytest.approx(expected | {"entropy": 0.28471, "stability": 0.29001}, abs=1e-4)
    close(output.loss, 3.40043)


def test_negatives_are_mined_late_in_the_training():
    close(ssb(0.5).loss(LABELED, UNLABELED).loss, 3.40043 - 1.31326)
    close(ssb(0.5, negative_start=0.5).loss(LABELED, UNLABELED).loss, 3.40043)


def test_an_image_is_unknown_if_its_own_class_says_so():
    """Class 1 is predicted, and its detector has the logit -2: 1 - σ(-2) = .88080. That of class 0 does not count."""
    close(ssb(0.0).detector(torch.tensor([[3.0, -2.0]]), torch.tensor([[0.0, 1.0]])), [0.8808])


def test_the_open_head_of_iomatch_gives_the_probability_of_its_last_class():
    head = OpenHead(Rows(), 2, 2)
    head.project = nn.Identity()
    with torch.no_grad():
        head.classify.weight.zero_()
        head.classify.bias.copy_(torch.tensor([0.2, 0.3, 0.5]).log())
    close(head(torch.ones(1, 2), torch.ones(1, 2)), [0.5])


def test_the_detector_is_averaged_like_the_network():
    """Both weights start at 1 and are 3 after a step: the average is .8 of the way there, as d = 2 / 11."""
    made = SSB(Linear((2,), 2), classes=2, ema=0.999)
    detector = made.detector.classify
    with torch.no_grad():
        detector.weight.fill_(1.0)
    made.set_detector(made.detector)
    with torch.no_grad():
        detector.weight.fill_(3.0)
    made.after_step()
    assert isinstance(made.eval_detector, OneAgainstRest)
    close(made.eval_detector.classify.weight[0, 0], 1 + 2 * 9 / 11)
