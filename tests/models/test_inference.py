"""Batched inference: what it leaves behind, and what it says when the memory does not suffice."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch import nn

from semisup.core.errors import SemisupError
from semisup.models.inference import BatchedInference, infer

BATCHES = [np.full((2, 3), number, np.float32) for number in range(3)]


def test_outputs_come_in_the_order_of_the_batches():
    outputs = list(BatchedInference(device="cpu").outputs(nn.Identity(), lambda x: 2 * x, BATCHES))
    assert_array_equal(np.concatenate(outputs), 2 * np.concatenate(BATCHES))
    assert list(BatchedInference(device="cpu").outputs(nn.Identity(), lambda x: x, [])) == []


def test_each_part_of_the_network_gets_its_own_mode_back_after_an_error_too():
    network = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(3).eval(), nn.Linear(3, 3))
    training = []

    def stopped(_: torch.Tensor) -> torch.Tensor:
        training.extend(module.training for module in network.modules())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(BatchedInference(device="cpu").outputs(network, stopped, BATCHES))
    assert not any(training)
    assert [module.training for module in (network, *network)] == [True, True, False, True]


def test_a_batch_that_does_not_fit_says_which_option_to_lower():
    def exhausted(_: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError

    with pytest.raises(SemisupError, match=r"^2 inputs at a time do not fit into the memory: lower batch_size\.$"):
        infer(exhausted, BATCHES[0], torch.device("cpu"))
    inference = BatchedInference(2, "cpu", node="embedding")
    with pytest.raises(SemisupError, match=r"lower embedding\.batch_size=2\.$"):
        list(inference.outputs(nn.Identity(), exhausted, BATCHES))


def test_no_batch_is_smaller_than_one():
    with pytest.raises(SemisupError, match="batch_size=0 is not valid"):
        BatchedInference(0)


def test_outputs_are_float32_and_without_a_graph_in_bf16_too():
    layer = nn.Linear(3, 2)
    output = infer(layer, BATCHES[1], torch.device("cpu"), "bf16-mixed")
    assert (output.dtype, output.requires_grad) == (torch.float32, False)
