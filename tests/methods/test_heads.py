"""Heads beside the network: rotations and the memory."""

import pytest
import torch
from torch import nn

from semisup.core.errors import SemisupError
from semisup.methods import CRMatch, SimMatch
from semisup.methods.heads import Memory, random_quarter_turns
from semisup.models.backbones import SmallCNN
from tests.methods.by_hand import Rows, close


def test_images_are_turned_by_quarters_counterclockwise():
    """(1 2 / 3 4) becomes (2 4 / 1 3), (4 3 / 2 1) and (3 1 / 4 2)."""
    torch.manual_seed(0)
    images = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).expand(20, 1, 2, 2)
    turned, turns = random_quarter_turns(images)
    expected = {0: [1.0, 2, 3, 4], 1: [2.0, 4, 1, 3], 2: [4.0, 3, 2, 1], 3: [3.0, 1, 4, 2]}
    assert set(turns.tolist()) == {0, 1, 2, 3}
    assert [image.flatten().tolist() for image in turned] == [expected[turn] for turn in turns.tolist()]


def test_rows_have_no_rotations_and_the_option_says_so():
    assert CRMatch(Rows()).rotation_head is None
    with pytest.raises(SemisupError, match=r"method\.rotation_weight=1\.0 is for square images, and these are rows"):
        CRMatch(Rows(), rotation_weight=1.0)
    with pytest.raises(SemisupError, match="these are not square"):
        CRMatch(SmallCNN((3, 8, 10), 2), rotation_weight=1.0)


def test_a_network_without_features_is_refused_in_a_sentence():
    with pytest.raises(SemisupError, match="reads features, and Linear is no Backbone"):
        SimMatch(nn.Linear(2, 2), classes=2)


def test_the_memory_forgets_the_oldest_first():
    memory = Memory(3, 1, 1)
    for start, count in ((1, 2), (3, 2), (5, 4)):
        values = torch.arange(float(start), start + count)[:, None]
        memory.add(values, values)
        if start == 3:
            assert memory.vectors.flatten().tolist() == [4.0, 2.0, 3.0]
    assert sorted(memory.vectors.flatten().tolist()) == [6.0, 7.0, 8.0]
    assert memory.vectors.tolist() == memory.labels.tolist()


def test_empty_places_are_similar_to_nothing():
    """Inner products 2 and 0 with T = 2: softmax(1, 0) = (.73106, .26894), and 0 for the place that is empty."""
    memory = Memory(3, 2, 1)
    memory.add(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.ones(2, 1))
    close(memory.log_similarity(torch.tensor([[2.0, 0.0]]), 2.0).exp(), [[0.73106, 0.26894, 0.0]])
