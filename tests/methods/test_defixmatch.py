"""DeFixMatch by hand."""

import torch

from semisup.data import Batch
from semisup.methods import DeFixMatch
from tests.methods.by_hand import LABELED, close, method, probabilities

VIEWS = Batch(weak=probabilities([0.97, 0.03]), strong=probabilities([0.5, 0.5]))


def test_the_unlabeled_loss_of_the_labeled_images_is_taken_off():
    """Supervised (-log .9 - log .7) / 2 = .23102. Unlabeled -log .5 = .69315, labeled the same way -log .7 = .35667.

    L = .23102 + .69315 - .35667 = .56750
    """
    labeled = Batch(LABELED, strong=probabilities([0.7, 0.3]))
    close(method(DeFixMatch, threshold=0.85).loss(labeled, VIEWS).loss, 0.56750)


def test_what_is_taken_off_does_not_read_the_label():
    """With class 1 as label: (-log .1 - log .3) / 2 = 1.75328, and still .35667 for class 0, which is predicted."""
    labeled = Batch(LABELED, label=torch.tensor([1]), strong=probabilities([0.7, 0.3]))
    output = method(DeFixMatch, threshold=0.85).loss(labeled, VIEWS)
    close(output.terms["supervised"], 1.75328)
    close(output.terms["correction"], 0.35667)


def test_a_labeled_image_below_the_threshold_takes_nothing_off():
    labeled = Batch(LABELED, strong=probabilities([0.7, 0.3]))
    close(method(DeFixMatch, threshold=0.95).loss(labeled, VIEWS).terms["correction"], 0.0)
