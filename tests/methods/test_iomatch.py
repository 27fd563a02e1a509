"""IOMatch by hand: the binary heads read the logits themselves, and p_o is uniform over three classes."""

import torch
from torch import nn

from semisup.data import Batch
from semisup.methods import IOMatch
from semisup.methods.detectors import one_against_rest
from tests.methods.by_hand import close, feature_method

LABELED = Batch(image=torch.tensor([[2.0, 0.0]]), label=torch.tensor([0]))  # p_0 = .88080, which costs .12693


def iomatch(**options):
    made = feature_method(IOMatch, classes=2, alignment="off", threshold=0.85, **options)
    made.detector.project, made.binary_heads = nn.Identity(), nn.Identity()
    made.detector.classify = nn.Linear(2, 3)
    nn.init.zeros_(made.detector.classify.weight)
    nn.init.zeros_(made.detector.classify.bias)
    return made


def test_the_hardest_other_class_counts():
    """b = σ(2, 0, -1) = (.88080, .5, .26894), y = 0: .12693 + max(-log .5, -log .73106) = .12693 + .69315."""
    close(one_against_rest(torch.tensor([[2.0, 0.0, -1.0]]), torch.tensor([0])), 0.82008)


def test_an_outlier_teaches_the_open_classifier_alone():
    """The first image has p̃ = (.88080, .11920) and b = (.88080, .5): q = (.77581, .05960, .16459), an inlier. The other
    has logits (-1, -3): the same p̃, but b = (.26894, .04743), and q = (.23688, .00565, .75747), an outlier.

    Both cost log 3 = 1.09861 for p_o. B = .12693 + .69315. Consistency: H(p̃, p̃) = .36533 of the first.
    L = .12693 + .82008 + .36533 / 2 + 1.09861 = 2.22829
    """
    views = torch.tensor([[2.0, 0.0], [-1.0, -3.0]])
    output = iomatch().loss(LABELED, Batch(weak=views, strong=views))
    assert output.pseudo_labels.weight.tolist() == [1.0, 0.0]
    close(output.terms["outliers"], 0.46103)
    close(output.loss, 2.22829)


def test_targets_below_the_open_threshold_teach_nothing():
    views = torch.tensor([[2.0, 0.0], [-1.0, -3.0]])
    output = iomatch(open_threshold=0.77).loss(LABELED, Batch(weak=views, strong=views))
    close(output.terms["open"], 1.09861 / 2)
