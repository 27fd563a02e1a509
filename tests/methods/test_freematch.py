"""FreeMatch by hand."""

import torch

from semisup.data import Batch
from semisup.methods import FreeMatch
from semisup.methods.fairness import kept_classes, self_adaptive_fairness, sum_norm
from semisup.methods.schedules import average_decay
from tests.methods.by_hand import LABELED, close, method, probabilities

WEAK = probabilities([0.9, 0.1], [0.58, 0.42], [0.45, 0.55])
UNIFORM = torch.tensor([0.5, 0.5])  # p̃ and h̃ at the start
STRONG = probabilities([0.7, 0.3], [0.9, 0.1], [0.2, 0.8])


def freematch(**options):
    return method(FreeMatch, **{"classes": 2, "decay": 0.5, "fairness": 0.1, "ramp": 0.0, **options})


def test_statistics_start_at_one_kth_and_move_halfway_with_a_decay_of_one_half():
    """τ: mean of .9, .58, .55 is .67667, and (.5 + .67667) / 2 = .58833.
    p̃: mean (.64333, .35667), halfway (.57167, .42833). h̃: shares (2/3, 1/3), halfway (.58333, .41667).
    """
    made = freematch()
    made.loss(LABELED, Batch(weak=WEAK, strong=STRONG))
    close(made.thresholds.global_threshold, 0.58833)
    close(made.thresholds.mean_probability, [0.57167, 0.42833])
    close(made.thresholds.histogram, [0.58333, 0.41667])


def test_the_loss():
    """Thresholds with the statistics above: τ_0 = .58833, τ_1 = .58833 · .42833 / .57167 = .44082. The second image
    (.58 of class 0) is left out; the third (.55 of class 1) is kept.

    Consistency: (-log .7 + 0 - log .8) / 3 = .19327
    Fairness: p̃ / h̃ = (.98, 1.028), normalized (.48805, .51195). Kept strong views: p̄ ∝ (.7 + .2, .3 + .8), h̄ ∝ (1, 1),
    normalized (.45, .55). L_f = .48805 log .45 + .51195 log .55 = -.69577
    L = .10536 + .19327 - .1 · .69577 = .22905
    """
    made = freematch()
    output = made.loss(LABELED, Batch(weak=WEAK, strong=STRONG))
    loss, terms = output.loss, output.terms
    assert output.pseudo_labels.weight.tolist() == [1.0, 0.0, 1.0]
    close(terms["unfairness"], -0.69577)
    close(loss, 0.22905)


def test_both_weights_rise_over_the_ramp():
    """At t = .1, a quarter of the default ramp of .4: L = .10536 + (.19327 - .1 · .69577) / 4 = .13628"""
    made = freematch(ramp=0.4, progress=0.1)
    close(made.loss(LABELED, Batch(weak=WEAK, strong=STRONG)).loss, 0.13628)


def test_without_a_decay_the_averages_forget_their_start():
    """At step 0 the decay is (1 + 0) / (10 + 0) = .1: τ = .1 · .5 + .9 · .67667 = .659. At step 8990 it is .999."""
    made = freematch(decay=None)
    made.loss(LABELED, Batch(weak=WEAK, strong=STRONG))
    close(made.thresholds.global_threshold, 0.659)
    close(torch.tensor([average_decay(None, 8), average_decay(None, 8990), average_decay(0.5, 8)]), [0.5, 0.999, 0.5])


def test_a_class_that_nobody_predicts_adds_nothing_and_breaks_nothing():
    """Both kept strong views show class 0: its share of p̄ / h̄ is 1, and log 1 = 0. With none kept there is nothing."""
    for weight in (torch.ones(2), torch.zeros(2)):
        strong = probabilities([0.7, 0.3], [0.9, 0.1]).requires_grad_()
        unfairness = self_adaptive_fairness(UNIFORM, UNIFORM, *kept_classes(strong, weight))
        close(unfairness, 0.0)
        unfairness.backward()
        assert torch.isfinite(strong.grad).all()


def test_fairness_pulls_towards_the_class_that_is_predicted_less():
    """p̄ = (.6, .4) over a histogram of (1, 1): raising p_0 further moves away from the even (.5, .5) and lowers L_f."""
    strong = probabilities([0.9, 0.1], [0.3, 0.7]).requires_grad_()
    self_adaptive_fairness(UNIFORM, UNIFORM, *kept_classes(strong, torch.ones(2))).backward()
    assert (strong.grad[:, 0] < 0).all()


def test_the_ratio_is_normalized_over_the_classes_that_occur():
    """.2 / .5 and .6 / .5 make (.25, .75) of their sum 1.6; the class without a histogram is left at 0."""
    close(sum_norm(torch.tensor([0.2, 0.6, 0.2]), torch.tensor([0.5, 0.5, 0.0])), [0.25, 0.75, 0.0])
