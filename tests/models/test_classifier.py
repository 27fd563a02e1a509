"""From raw inputs to calibrated probabilities, worked by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from semisup.data.transforms import ImageViews, TableViews
from semisup.models.backbones import MLP, Backbone
from semisup.models.classifier import Classifier


class Mean(Backbone):
    """Two logits: the mean of an image's normalized values times log 9, and 0."""

    def __init__(self) -> None:
        super().__init__((1, 2, 2), 2)

    def forward(self, x: Tensor) -> Tensor:
        first = x.mean((1, 2, 3)) * np.log(9)
        return torch.stack([first, torch.zeros_like(first)], 1)


@pytest.mark.parametrize(("temperature", "expected"), [(1.0, 0.9), (2.0, 0.75)])
def test_the_temperature_divides_the_logits(temperature, expected):
    """Values of 204 = .8 · 255 with mean .5 and deviation .3 are 1: p = 9 / (9 + 1), and at T = 2, 3 / (3 + 1)."""
    classifier = Classifier(Mean(), [0.5], [0.3], temperature)
    found = classifier(torch.full((1, 2, 2, 1), 204, dtype=torch.uint8))
    assert_close(found, torch.tensor([[expected, 1 - expected]]), atol=1e-6, rtol=0)


def test_images_are_normalized_as_in_training_to_the_last_bit():
    mean, std = (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)
    images = torch.randint(0, 256, (3, 5, 4, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    seen: list[Tensor] = []

    class Keeps(Backbone):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(x)
            return x.flatten(1)

    Classifier(Keeps((3, 5, 4), 2), mean, std)(images)
    assert torch.equal(seen[0], ImageViews((3, 5, 4), mean, std, padding=0).apply("plain", images, {}))


def test_rows_are_standardized_as_in_training_to_the_last_bit():
    mean, std = (0.1, 1e4), (3.3, 7e-3)
    rows = torch.randn(9, 2, generator=torch.Generator().manual_seed(0))
    network = MLP((2,), 3).eval()
    logits = Classifier(network, mean, std).logits(rows)
    assert torch.equal(logits, network(TableViews(mean, std).apply("plain", rows, {})))
