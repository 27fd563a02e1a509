"""SoftMatch by hand."""

import torch

from semisup.data import Batch
from semisup.methods import SoftMatch
from semisup.methods.functional import distribution_alignment, truncated_gaussian
from tests.methods.by_hand import LABELED, close, method, probabilities

WEAK = probabilities([0.9, 0.1], [0.6, 0.4])
STRONG = probabilities([0.7, 0.3], [0.2, 0.8])


def softmatch(**options):
    """With a decay of 1/2 and no ramp, after some steps that left μ = .8 and σ² = .02."""
    made = method(SoftMatch, **{"classes": 2, "decay": 0.5, "ramp": 0.0, **options})
    made.weights.mean.fill_(0.8)
    made.weights.variance.fill_(0.02)
    return made


def test_alignment():
    """(.9 / .75, .1 / .25) = (1.2, .4), normalized (.75, .25); (.6 / .75, .4 / .25) = (.8, 1.6), or (1/3, 2/3)."""
    aligned = distribution_alignment(torch.tensor([[0.9, 0.1], [0.6, 0.4]]), torch.tensor([0.75, 0.25]), 1 / 2)
    close(aligned, [[0.75, 0.25], [1 / 3, 2 / 3]])


def test_the_weight_is_one_from_the_mean_on_and_a_gaussian_of_half_the_width_below():
    """One standard deviation of .1 below the mean, with n = 2: exp(-(2 · .1)² / (2 · .01)) = e^-2 = .13534."""
    weight = truncated_gaussian(torch.tensor([0.9, 0.8, 0.7]), torch.tensor(0.8), torch.tensor(0.01), 2.0)
    close(weight, [1.0, 1.0, 0.13534])


def test_statistics_are_of_the_aligned_confidence():
    """p̃ starts at the mean (.75, .25). The aligned confidences are .75 and .66667, of mean .70833 and variance .00347:
    μ = (.8 + .70833) / 2 = .75417, σ² = (.02 + .00347) / 2 = .01174. p̃ then moves halfway to a mean of (.5, .5).
    """
    made = softmatch()
    made.loss(LABELED, Batch(weak=WEAK, strong=STRONG))
    close(made.weights.mean_probability, [0.75, 0.25])
    close(made.weights.mean, 0.75417)
    close(made.weights.variance, 0.01174)
    made.loss(LABELED, Batch(weak=probabilities([0.7, 0.3], [0.3, 0.7]), strong=STRONG))
    close(made.weights.mean_probability, [0.625, 0.375])


def test_before_the_first_step_the_mean_is_one_kth_and_the_variance_one():
    made = method(SoftMatch, classes=4)
    assert (made.weights.mean.item(), made.weights.variance.item()) == (0.25, 1.0)


def test_the_loss():
    """With the statistics above, w = exp(-2 · (.75 - .75417)² / .01174) = .99704 and
    exp(-2 · (.66667 - .75417)² / .01174) = .27125. Both targets are class 0: the second's would be 1 if aligned.

    L = .10536 + (.99704 · -log .7 + .27125 · -log .2) / 2 = .10536 + .39609 = .50145
    At t = .1, a quarter of the default ramp of .4: .10536 + .39609 / 4 = .20438
    """
    made = softmatch()
    output = made.loss(LABELED, Batch(weak=WEAK, strong=STRONG))
    loss = output.loss
    assert output.pseudo_labels.target.tolist() == [0, 0]
    close(output.pseudo_labels.weight, [0.99704, 0.27125])
    close(loss, 0.50145)
    slow = softmatch(ramp=0.4, progress=0.1)
    close(slow.loss(LABELED, Batch(weak=WEAK, strong=STRONG)).loss, 0.20438)


def test_without_any_spread_the_weight_is_still_a_number():
    weight = truncated_gaussian(torch.tensor([0.8, 0.7]), torch.tensor(0.8), torch.tensor(0.0), 2.0)
    assert weight.tolist() == [1.0, 0.0]
