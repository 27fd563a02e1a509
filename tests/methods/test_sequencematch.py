"""SequenceMatch by hand."""

import torch

from semisup.data import Batch
from semisup.methods import SequenceMatch
from tests.methods.by_hand import LABELED, close, method, probabilities

WEAK, MEDIUM, STRONG = probabilities([0.8, 0.2]), probabilities([0.6, 0.4]), probabilities([0.5, 0.5])
VIEWS = Batch(weak=WEAK, medium=MEDIUM, strong=STRONG, index=torch.tensor([0]))


def test_each_view_is_pulled_to_the_weaker_ones():
    """T = 1, and no image was confident, so that all count. KL(weak ‖ medium) = .8 log(.8/.6) + .2 log(.2/.4) = .09152,
    KL(medium ‖ strong) = .02014, KL(weak ‖ strong) = .19274.

    L = .10536 - log .5 + .09152 + .02014 + .19274 = 1.10290, and .60413 in the middle of the ramp
    """
    made = method(SequenceMatch, classes=2, images=1, temperature=1.0, ramp=0.0)
    output = made.loss(LABELED, VIEWS)
    close(output.terms["sequence"], 0.30440)
    close(output.loss, 1.10290)
    rising = method(SequenceMatch, classes=2, images=1, temperature=1.0, ramp=0.4)
    rising.progress = 0.2
    close(rising.loss(LABELED, VIEWS).loss, 0.60413)


def test_the_target_is_sharpened_and_the_prediction_is_not():
    """T = 1/2: (.8, .2) becomes (.94118, .05882), and (.6, .4) (.69231, .30769). Against (.6, .4), (.5, .5), (.5, .5):
    .31095 + .07591 + .46944 = .85630
    """
    output = method(SequenceMatch, classes=2, images=1).loss(LABELED, VIEWS)
    close(output.terms["sequence"], 0.85630)


def test_an_image_below_the_threshold_of_its_class_costs_nothing():
    made = method(SequenceMatch, classes=2, images=2, warmup=False)
    made.thresholds.last_confident[:] = 0  # class 0 is learned: its threshold is .95
    output = made.loss(LABELED, VIEWS)
    close(output.loss, 0.10536)
