"""Dash by hand."""

import torch

from semisup.data import Batch
from semisup.methods import Dash
from tests.methods.by_hand import LABELED, close, method, probabilities

VIEWS = Batch(weak=probabilities([0.97, 0.03], [0.6, 0.4]), strong=probabilities([0.7, 0.3], [0.2, 0.8]))


def dash(progress):
    """After a warm-up that ended with a labeled loss of .5."""
    made = method(Dash, progress=progress)
    made.labeled_loss.fill_(0.5)
    made.warmup_steps.fill_(7)
    return made


def test_soft_targets_of_low_loss_are_kept():
    """q_0 = .97² / (.97² + .03²) = .99904, whose loss on the weak view is .0338; that of (.6, .4) is .6356 > .5.

    L = .10536 + (.99904 · -log .7 + .00096 · -log .3) / 2 = .10536 + .35748 / 2 = .28410
    """
    output = dash(0.055).loss(LABELED, VIEWS)
    assert output.pseudo_labels.weight.tolist() == [1.0, 0.0]
    close(output.loss, 0.28410)


def test_the_limit_falls_by_gamma_with_each_hundredth_of_the_training():
    """.5 / 1.27³ = .24409"""
    close(dash(0.085).loss(LABELED, VIEWS).terms["limit"], 0.24409)


def test_a_hundredth_is_counted_although_its_float_is_a_bit_less():
    """100 (.12 - .05) is 6.999999999999999 in floats: t = 7, and .5 / 1.27⁷ = .09383."""
    close(dash(0.12).loss(LABELED, VIEWS).terms["limit"], 0.09383)


def test_at_the_smallest_limit_targets_are_classes():
    """-log .97 = .03046 is below .05. L = .10536 - log(.7) / 2 = .28370"""
    output = dash(1.0).loss(LABELED, VIEWS)
    close(output.terms["limit"], 0.05)
    close(output.loss, 0.28370)


def test_in_the_warmup_labeled_images_train_alone_and_set_the_limit():
    """The mean of -log .9 and -log .1 = (.10536 + 2.30259) / 2 = 1.20397; later steps leave it."""
    made = method(Dash, progress=0.0)
    output = made.loss(LABELED, VIEWS)
    close(output.loss, 0.10536)
    assert output.pseudo_labels.weight.tolist() == [0.0, 0.0]
    other = Batch(LABELED, label=torch.tensor([1]))
    made.progress = 0.04
    made.loss(other, VIEWS)
    close(made.labeled_loss, 1.20397)
    made.progress = 0.06
    made.loss(LABELED, VIEWS)
    close(made.labeled_loss, 1.20397)
