"""Losses against numbers that a person can check on paper."""

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from semisup.core.errors import SemisupError
from semisup.data import Batch
from semisup.methods import PseudoLabel, PseudoLabels, Supervised
from semisup.methods.functional import cross_entropy, hard_pseudo_labels, weighted_cross_entropy
from semisup.methods.schedules import ramp_up


def fixed(*probabilities: list[float]) -> torch.Tensor:
    return torch.tensor(probabilities).log()


def method(kind: type, **options: object) -> PseudoLabel:
    """A method whose 'network' hands its inputs on as logits."""
    return kind(nn.Identity(), ema=0, **options)


def test_images_below_the_threshold_count_in_the_mean():
    """Two images, p = .9 and p = .6, τ = .8. The first costs -log .7 on its other view.

    L_u = (1 · -log .7 + 0) / 2 = 0.17834
    """
    labels = hard_pseudo_labels(fixed([0.9, 0.1], [0.6, 0.4]), threshold=0.8)
    loss = weighted_cross_entropy(fixed([0.7, 0.3], [0.2, 0.8]), labels)
    assert_close(loss, torch.tensor(0.17834), atol=1e-5, rtol=0)


def test_a_probability_at_the_threshold_is_kept():
    _, weight, _ = hard_pseudo_labels(torch.zeros(1, 2), threshold=0.5)
    assert weight.tolist() == [1.0]


def test_soft_targets():
    """H((.5, .5), (.8, .2)) = -(log .8 + log .2) / 2 = 0.91629"""
    loss = weighted_cross_entropy(fixed([0.8, 0.2]), PseudoLabels(torch.tensor([[0.5, 0.5]]), torch.ones(1)))
    assert_close(loss, torch.tensor(0.91629), atol=1e-5, rtol=0)


def test_the_ramp_is_lees():
    """α(t) of Lee (2013), eq. 16, with T1 = 100, T2 = 600 and α_f = 3: 0, 0, 1.5, 3, 3 at t = 0, 100, 350, 600, 900."""
    assert [3 * ramp_up(t, 100, 600) for t in (0, 100, 350, 600, 900)] == [0, 0, 1.5, 3, 3]
    assert ramp_up(0.0, 0.0, 0.0) == 1.0


def test_supervised_is_the_mean_cross_entropy():
    """(-log .9 - log .4) / 2 = 0.51083"""
    output = method(Supervised).loss(Batch(image=fixed([0.9, 0.1], [0.6, 0.4]), label=torch.tensor([0, 1])), Batch())
    loss = output.loss
    assert_close(loss, torch.tensor(0.51083), atol=1e-5, rtol=0)


def test_pseudo_label_in_the_papers_form_weighs_every_image_by_the_ramp():
    """t = .35 of the training, halfway between t1 = .1 and t2 = .6: α = 3 / 2.

    Labeled: -log .9. Unlabeled: each at its own larger probability, (-log .8 - log .6) / 2 = 0.36698.
    L = 0.10536 + 1.5 · 0.36698 = 0.65584
    """
    lee = method(PseudoLabel, alpha=3, threshold=0)
    lee.progress = 0.35
    labeled = Batch(image=fixed([0.9, 0.1]), label=torch.tensor([0]))
    output = lee.loss(labeled, Batch(weak=fixed([0.8, 0.2], [0.4, 0.6])))
    loss, terms = output.loss, output.terms
    assert_close(loss, torch.tensor(0.65584), atol=1e-5, rtol=0)
    assert math.isclose(float(terms["alpha"]), 1.5)


def test_pseudo_label_with_a_threshold():
    """As above with τ = .7: the second image is left out but counts in the mean. L = .10536 + 1.5 · .22314 / 2"""
    thresholded = method(PseudoLabel, alpha=3, threshold=0.7)
    thresholded.progress = 0.35
    labeled = Batch(image=fixed([0.9, 0.1]), label=torch.tensor([0]))
    output = thresholded.loss(labeled, Batch(weak=fixed([0.8, 0.2], [0.4, 0.6])))
    loss = output.loss
    assert_close(loss, torch.tensor(0.27272), atol=1e-5, rtol=0)
    assert output.pseudo_labels.weight.tolist() == [1.0, 0.0]
    assert output.pseudo_labels.target.tolist() == [0, 1]


def test_sigmoid_outputs_are_lees_loss():
    """z = (2, -1): -log σ(2) = .12693 and -log (1 - σ(-1)) = .31326 for class 0, .44019 in all. z = (1, 3), class 1:
    -log (1 - σ(1)) - log σ(3) = 1.31326 + .04859 = 1.36185. At α = 3 / 2: L = .44019 + 1.5 · 1.36185 = 2.48296
    """
    lee = method(PseudoLabel, alpha=3, threshold=0, outputs="sigmoid")
    lee.progress = 0.35
    labeled = Batch(image=torch.tensor([[2.0, -1.0]]), label=torch.tensor([0]))
    output = lee.loss(labeled, Batch(weak=torch.tensor([[1.0, 3.0]])))
    assert_close(output.loss, torch.tensor(2.48296), atol=1e-4, rtol=0)
    alone = method(Supervised, outputs="sigmoid").loss(labeled, Batch())
    assert_close(alone.loss, torch.tensor(0.44019), atol=1e-4, rtol=0)


def test_the_threshold_of_sigmoid_outputs_is_of_one_output():
    """σ(3) = .95257 is kept with τ = .95, and σ(2) = .88080 is not. Of two that round to 1, the larger counts."""
    labels = hard_pseudo_labels(torch.tensor([[1.0, 3.0], [2.0, -1.0], [50.0, 60.0]]), 0.95, "sigmoid")
    assert labels.target.tolist() == [1, 0, 1]
    assert labels.weight.tolist() == [1.0, 0.0, 1.0]
    assert_close(labels.confidence, torch.tensor([0.95257, 0.88080, 1.0]), atol=1e-4, rtol=0)


def test_sigmoid_outputs_are_not_aligned():
    with pytest.raises(SemisupError, match=r"method\.outputs=sigmoid cannot be aligned"):
        method(PseudoLabel, classes=2, outputs="sigmoid", alignment="uniform")


def test_the_gradient_of_a_pseudo_label_flows_through_the_prediction_only():
    """d/dz of -log softmax(z)_0 at p = (.8, .2) is p - onehot = (-.2, .2); through the target it would differ."""
    z = fixed([0.8, 0.2]).requires_grad_()
    labels = hard_pseudo_labels(z, 0.0)
    weighted_cross_entropy(z, labels).backward()
    assert_close(z.grad, torch.tensor([[-0.2, 0.2]]), atol=1e-6, rtol=0)


def test_half_precision_logits_make_a_float32_loss():
    logits = fixed([0.9, 0.1]).bfloat16()
    assert cross_entropy(logits, torch.tensor([0])).dtype == torch.float32
    assert hard_pseudo_labels(logits, 0.5)[1].dtype == torch.float32
