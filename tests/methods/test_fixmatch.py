"""FixMatch by hand."""

from semisup.data import Batch
from semisup.methods import FixMatch
from tests.methods.by_hand import LABELED, close, method, probabilities


def test_the_confident_image_alone_costs_and_both_count_in_the_mean():
    """τ = .95, λ = 2. The first weak view is confident of class 0 (.97), the second one is not. The first
    strong view has p_0 = .7.

    L = -log .9 + 2 · (-log .7 + 0) / 2 = .10536 + .35667 = .46203
    """
    fixmatch = method(FixMatch, unlabeled_weight=2.0)
    weak, strong = probabilities([0.97, 0.03], [0.6, 0.4]), probabilities([0.7, 0.3], [0.2, 0.8])
    output = fixmatch.loss(LABELED, Batch(weak=weak, strong=strong))
    loss, terms = output.loss, output.terms
    close(loss, 0.46203)
    close(terms["consistency"], 0.17834)
    assert output.pseudo_labels.target.tolist() == [0, 0]
    assert output.pseudo_labels.weight.tolist() == [1.0, 0.0]


def test_no_gradient_flows_through_the_weak_view():
    weak, strong = probabilities([0.97, 0.03]).requires_grad_(), probabilities([0.7, 0.3]).requires_grad_()
    method(FixMatch).loss(LABELED, Batch(weak=weak, strong=strong)).loss.backward()
    assert weak.grad is None
    close(strong.grad, [[-0.3, 0.3]])  # p - onehot
