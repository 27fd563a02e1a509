"""ReMixMatch by hand."""

import torch
from torch.distributions import Uniform

from semisup.data import Batch
from semisup.methods import ReMixMatch
from semisup.models.backbones import SmallCNN
from tests.methods.by_hand import LABELED, close, feature_method, probabilities

VIEWS = Batch(weak=probabilities([0.8, 0.2]), strong=probabilities([0.7, 0.3]), strong_2=probabilities([0.6, 0.4]))


def test_without_mixing_all_views_learn_the_sharpened_guess():
    """With λ = 1. (.8, .2), sharpened: q = (.64, .04) / .68 = (.94118, .05882). H(q, p) of strong, strong_2 and weak:
    .40651, .53468, .30469, of mean .41529. Halfway up the ramp:

    L = .10536 + (1.5 · .41529 + .5 · .40651) / 2 = .51846
    """
    made = feature_method(ReMixMatch, progress=0.2, alignment="off")
    made.shares = Uniform(0.0, 1e-7)
    output = made.loss(LABELED, VIEWS)
    close(output.terms["consistency"], 0.41529)
    close(output.loss, 0.51846)
    close(output.pseudo_labels.confidence, [0.8])


def test_guesses_are_aligned_with_the_labels_before_they_are_sharpened():
    """A label of class 0: prior (2/3, 1/3). At step 0 the mean is .5 + .9 · .3 = (.77, .23). (.8 · .66667 / .77,
    .2 · .33333 / .23) = (.69264, .28986), or (.70498, .29502).
    """
    made = feature_method(ReMixMatch, classes=2)
    close(made.loss(LABELED, VIEWS).pseudo_labels.confidence, [0.70498])


def test_images_are_turned_and_the_head_learns_the_turns():
    torch.manual_seed(0)
    made = ReMixMatch(SmallCNN((3, 8, 8), 2), alignment="off", ema=0)
    image = torch.randn(4, 3, 8, 8)
    views = Batch(weak=image, strong=-image, strong_2=image)
    output = made.loss(Batch(image=image, label=torch.tensor([0, 1, 0, 1])), views)
    output.loss.backward()
    assert made.rotation_weight == 0.5
    assert made.rotation_head.weight.grad.abs().sum() > 0
