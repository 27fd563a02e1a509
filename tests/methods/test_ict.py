"""Interpolation Consistency Training by hand."""

import pytest
import torch
from torch.distributions import Uniform

from semisup.core.errors import SemisupError
from semisup.data import Batch
from semisup.methods import ICT
from tests.methods.by_hand import LABELED, close, method, probabilities


def test_the_mixture_is_to_be_predicted_as_the_mixture_of_the_predictions():
    """With λ = 1/2 of (.8, .2) and (.4, .6). The teacher's targets are (.6, .4). The network, which hands on mixed
    logits, predicts √(.8 · .4) = .56569 to √(.2 · .6) = .34641, or .62020: (.02020)² = .000408.

    L = .10536 + 5000 · .000408 = 2.1456
    """
    made = method(ICT, ema=0.5, unlabeled_weight=5000.0)
    made.shares = Uniform(0.5, 0.5 + 1e-7)
    torch.manual_seed(0)  # which draws the order 1, 0
    output = made.loss(LABELED, Batch(weak=probabilities([0.8, 0.2], [0.4, 0.6])))
    torch.testing.assert_close(output.loss, torch.tensor(2.1456), atol=3e-3, rtol=0)


def test_an_image_mixed_with_none_costs_nothing():
    made = method(ICT, ema=0.5)
    made.shares = Uniform(1.0, 1.0 + 1e-6)
    output = made.loss(LABELED, Batch(weak=probabilities([0.8, 0.2], [0.4, 0.6])))
    close(output.terms["consistency"], 0.0)


def test_without_a_moving_average_there_is_no_teacher():
    with pytest.raises(SemisupError, match=r"method\.ema must be above 0"):
        method(ICT, ema=0)
