"""ShrinkMatch by hand, with three classes."""

import torch
from torch import nn

from semisup.data import Batch
from semisup.methods import ShrinkMatch
from semisup.methods.functional import confusing_classes
from tests.methods.by_hand import close, feature_method, probabilities


def test_the_fewest_confusing_classes_are_left_out():
    """τ = .8. (.5, .4, .1): without class 1 .5 / .6 = .83. (.1, .3, .35, .25), by rank .35, .3, .25, .1: without
    one .35 / .7, without two .35 / .45 = .78, without three 1. (.9, .1): none.
    """
    assert confusing_classes(torch.tensor([[0.5, 0.4, 0.1]]), 0.8).tolist() == [[False, True, False]]
    assert confusing_classes(torch.tensor([[0.1, 0.3, 0.35, 0.25]]), 0.8).tolist() == [[True, True, False, True]]
    assert confusing_classes(torch.tensor([[0.9, 0.1]]), 0.8).tolist() == [[False, False]]


def test_an_uncertain_image_learns_among_the_other_classes():
    """τ = .8. The first image is confident, and costs -log .7. The second, (.5, .4, .1), is compared with class 2:
    its strong view (.3, .5, .2) has -log(.3 / .5) = .51083, times .5, times r = .9 · 1/2 at step 0.

    L = .10536 + (.35667 + .51083 · .5 · .45) / 2 = .34116
    """
    made = feature_method(ShrinkMatch, classes=3, threshold=0.8)
    made.shrunk_head = nn.Identity()
    labeled = Batch(image=probabilities([0.9, 0.06, 0.04]), label=torch.tensor([0]))
    weak = probabilities([0.9, 0.05, 0.05], [0.5, 0.4, 0.1])
    strong = probabilities([0.7, 0.2, 0.1], [0.3, 0.5, 0.2])
    output = made.loss(labeled, Batch(weak=weak, strong=strong))
    close(made.confident, 0.45)
    close(output.terms["shrunk"], 0.05747)
    close(output.loss, 0.34116)
