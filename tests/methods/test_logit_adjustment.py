"""Logit adjustment by hand, with two classes."""

import pytest
import torch

from semisup.core.errors import SemisupError
from semisup.data import Batch
from semisup.methods import FixMatch, PseudoLabel
from semisup.methods.class_prior import ClassPrior
from tests.methods.by_hand import LABELED, close, method, probabilities

HALF = torch.tensor([[0.5, 0.5]])


def test_the_prior_of_the_labels_has_one_more_of_each():
    """Three labels of class 0, one of class 1: (4, 2) / 6, also for the unlabeled images."""
    prior = ClassPrior(2, 2.0, estimated=False)
    prior.update(HALF, torch.tensor([0, 0, 1, 0]))
    close(prior.of_unlabeled().exp(), [4 / 9, 1 / 9])  # τ = 2
    close(prior.every, [2 / 3, 1 / 3])


def test_the_estimated_prior_follows_the_predictions():
    """.5 + .01 · (.1 - .5) = .496. One label makes (2, 1) / 3; with one of two images labeled, π_0 of all images is
    (.66667 + .496) / 2 = .58133.
    """
    prior = ClassPrior(2, 1.0, estimated=True)
    prior.update(torch.tensor([[0.1, 0.9]]), torch.tensor([0]))
    close(prior.unlabeled, [0.496, 0.504])
    close(prior.every, [0.58133, 0.41867])


def test_losses_see_the_adjusted_logits_and_targets_the_prior_of_the_unlabeled_images():
    """π = (.8, .2) of all images, π_u = (.3, .7). The labeled (.9, .1) becomes (.72, .02) / .74, and costs
    -log .97297 = .02740. The weak (.6, .4) becomes (.18, .28) / .46, which moves π_u by .01 · (.39130 - .3) to
    (.30091, .69909). With this it is (.18055, .27964) / .46018: class 1, of .60766.
    The strong (.5, .5) becomes (.8, .2), and costs -log .2 = 1.60944.
    """
    made = method(FixMatch, classes=2, logit_adjustment=1.0, unlabeled_prior="estimated", threshold=0.6)
    made.class_prior.every.copy_(torch.tensor([0.8, 0.2]))
    made.class_prior.unlabeled.copy_(torch.tensor([0.3, 0.7]))
    views = Batch(weak=probabilities([0.6, 0.4]), strong=probabilities([0.5, 0.5]))
    output = made.loss(LABELED, views)
    assert output.pseudo_labels.target.tolist() == [1]
    close(output.pseudo_labels.confidence, [0.60766])
    close(output.loss, 0.02740 + 1.60944)


def test_without_it_there_is_no_state():
    assert not list(method(FixMatch, classes=2).buffers())


def test_an_option_without_effect_is_refused():
    with pytest.raises(SemisupError, match=r"unlabeled_prior has no effect without method\.logit_adjustment"):
        method(FixMatch, classes=2, unlabeled_prior="estimated")
    made = method(PseudoLabel, classes=2, logit_adjustment=1.0)  # predicts its one view once
    made.loss(LABELED, Batch(weak=probabilities([0.6, 0.4])))
    with pytest.raises(SemisupError, match="logit_adjustment has no effect in PseudoLabel"):
        made._refuse_unused_options()
