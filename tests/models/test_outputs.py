"""Probabilities of sigmoid outputs."""

import pytest
import torch
from torch.testing import assert_close

from semisup.methods import Supervised
from semisup.models.backbones import MLP
from semisup.models.outputs import distribution_logits


def test_sigmoid_outputs_are_divided_by_their_sum():
    """σ(0) = .5, σ(log 3) = .75 and σ(-log 3) = .25, of sum 1.5: p = 1/3, 1/2 and 1/6. Softmax: 3/13, 9/13, 1/13."""
    logits = torch.tensor([[1.0, 3.0, 1 / 3]]).log()
    sigmoid = distribution_logits(logits, "sigmoid").softmax(-1)
    assert_close(sigmoid, torch.tensor([[1 / 3, 1 / 2, 1 / 6]]))
    assert_close(distribution_logits(logits, "softmax").softmax(-1), torch.tensor([[3.0, 9.0, 1.0]]) / 13)


def test_sigmoid_outputs_that_are_all_small_keep_their_ratios():
    """σ(z) is about e^z, where float32 has no such small number: e^-1 : 1."""
    found = distribution_logits(torch.tensor([[-201.0, -200.0]]), "sigmoid").softmax(-1)
    assert_close(found, torch.tensor([[0.268941, 0.731059]]))


@pytest.mark.parametrize("outputs", ["softmax", "sigmoid"])
def test_a_method_predicts_what_it_was_trained_with(outputs):
    torch.manual_seed(0)
    method = Supervised(MLP((4,), 3), ema=0, outputs=outputs).eval()
    images = torch.randn(5, 4)
    logits = method.network(images)
    score = logits.sigmoid() if outputs == "sigmoid" else logits.exp()
    assert_close(method(images).softmax(-1), score / score.sum(-1, keepdim=True))
