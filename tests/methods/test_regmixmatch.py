"""RegMixMatch by hand: the network hands on what it gets, so images that are mixed are mixed logits."""

import pytest
import torch
from torch.distributions import Uniform

from semisup.data import Batch
from semisup.methods import RegMixMatch
from semisup.methods.mixing import draw_partners
from tests.methods.by_hand import LABELED, close, method, probabilities

# A confident image, and an uncertain one. The strong view of the first is as the labeled image.
VIEWS = Batch(
    weak=probabilities([0.9995, 0.0005], [0.7, 0.3]),
    strong=probabilities([0.9, 0.1], [0.6, 0.4]),
)


def output(seed=0, **options):
    made = method(RegMixMatch, classes=2, **options)
    made.shares = made.class_aware_shares = Uniform(0.75, 0.75 + 1e-7)
    torch.manual_seed(seed)
    return made.loss(LABELED, VIEWS)


def test_confident_images_are_mixed_with_one_another_and_count_in_the_mean_over_all():
    """The only confident image is mixed with itself: -log .9 / 2 = .05268."""
    close(output().terms["mix"], 0.05268)


def test_an_uncertain_image_is_mixed_with_one_of_its_two_first_classes():
    """Class 0 has the labeled image and the confident one, both of .9: the logits differ by
    .75 log (.6 / .4) + .25 log (.9 / .1) = .85341, so p_0 = .70128. Target .75 · .7 + .25 = .775:
    .07372² · .7³ = .00186.
    Class 1 has no image to be mixed with, and costs nothing. Each is wanted in some of ten draws.
    """
    costs = {round(float(output(seed).terms["class_aware"]), 5) for seed in range(10)}
    assert costs == {0.0, 0.00186}


def test_the_weights():
    """FreeMatch's own loss does not depend on the draws."""
    plain = output(mix_weight=0, class_aware_weight=0)
    both = output(mix_weight=2, class_aware_weight=3)
    expected = plain.loss + 2 * plain.terms["mix"] + 3 * plain.terms["class_aware"]
    close(both.loss, float(expected))


def test_partners_are_admitted_ones_and_each_comes_up():
    admitted = torch.tensor([[True, False, True], [False, False, False]]).repeat(200, 1)
    partner, found, share = draw_partners(admitted, Uniform(0.25, 0.5))
    assert found.tolist() == [True, False] * 200
    assert float((partner[found] == 2).float().mean()) == pytest.approx(0.5, abs=0.12)
    assert not (partner[found] == 1).any()
    assert ((share >= 0.25) & (share <= 0.5)).all()
