"""CRMatch by hand."""

import torch
from torch import nn

from semisup.data import Batch
from semisup.methods import CRMatch
from semisup.models.backbones import SmallCNN
from tests.methods.by_hand import LABELED, close, feature_method


def test_features_of_weak_and_strong_views_are_pushed_apart_where_the_network_is_confident():
    """Logits (4, 0), of which p_0 = .98201, and (3, 4), with p_0 = .26894 and a cosine of 12 / 20. The second image,
    (1, 0) with p_0 = .73, is not confident.

    L = .10536 + (1.31326 + 2 · .6) / 2 = 1.36199
    """
    made = feature_method(CRMatch, distance_weight=2.0)
    made.distance_head = nn.Identity()
    weak, strong = torch.tensor([[4.0, 0.0], [1.0, 0.0]]), torch.tensor([[3.0, 4.0], [1.0, 0.0]])
    output = made.loss(LABELED, Batch(weak=weak, strong=strong))
    close(output.terms["distance"], 0.3)
    close(output.loss, 1.36199)


def test_features_that_point_apart_cost_nothing():
    made = feature_method(CRMatch)
    made.distance_head = nn.Identity()
    output = made.loss(LABELED, Batch(weak=torch.tensor([[4.0, 0.0]]), strong=torch.tensor([[-1.0, 2.0]])))
    close(output.terms["distance"], 0.0)


def test_the_heads_are_trained_with_the_network():
    torch.manual_seed(0)
    made = CRMatch(SmallCNN((3, 8, 8), 2), threshold=0.0, ema=0)
    image = torch.randn(4, 3, 8, 8)
    output = made.loss(Batch(image=image, label=torch.tensor([0, 1, 0, 1])), Batch(weak=image, strong=-image))
    assert {"distance", "rotation"} <= set(output.terms)
    output.loss.backward()
    heads = [*made.distance_head.parameters(), *made.rotation_head.parameters()]
    assert all(p.grad.abs().sum() > 0 for p in heads)
