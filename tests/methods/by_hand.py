"""For tests whose numbers are worked out by hand: probabilities in, and a network that hands them on as logits."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from semisup.data import Batch
from semisup.methods import Method
from semisup.models.backbones import Backbone

# A labeled image that costs -log .9 = .10536.
LABELED = Batch(image=torch.tensor([[0.9, 0.1]]).log(), label=torch.tensor([0]), index=torch.tensor([0]))


def probabilities(*rows: list[float]) -> Tensor:
    """Inputs that get these probabilities."""
    return torch.tensor(rows).log()


def method(kind: type[Method], progress: float = 1.0, **options: Any) -> Any:
    """A method whose network is the identity, at a given share of the training."""
    made = kind(nn.Identity(), **{"ema": 0, **options})
    made.progress = progress
    return made


def close(value: Tensor, expected: float | list[float]) -> None:
    """Equal to four digits after the point."""
    assert_close(value.detach(), torch.tensor(expected), atol=1e-4, rtol=0)


class Rows(Backbone):
    """A network whose features and logits are its inputs, rows of two numbers."""

    takes_rows = True
    head: Any

    def __init__(self) -> None:
        super().__init__((2,), 2)
        self.num_features = 2
        self.head = nn.Identity()

    def features(self, x: Tensor) -> Tensor:
        return x


def feature_method(kind: type[Method], progress: float = 1.0, **options: Any) -> Any:
    """A method that reads features, whose projection hands on its input, at length 1."""
    made: Any = kind(Rows(), **{"ema": 0, **options})
    made.progress = progress
    if hasattr(made, "project"):
        made.project.layers = nn.Identity()
    return made
