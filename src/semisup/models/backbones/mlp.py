"""The network for tables, and for images as rows of pixels."""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from semisup.core.ranges import Fraction, PositiveInt
from semisup.models.backbones.base import Backbone


class MLP(Backbone):
    """Dense layers with ReLU and dropout.

    With hidden=[5000], dropout=0.5 and input_dropout=0.2 it is the network of Lee (2013, Pseudo-Label); with hidden=[]
    it is logistic regression.

    Args:
        shape: One input: a row of numbers (D,), or an image (C, H, W), which is flattened.
        classes: K.
        hidden: The widths of the hidden layers.
        dropout: The probability of dropout after each hidden layer.
        input_dropout: The probability of dropout of each input.
    """

    takes_rows = True

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int,
        *,
        hidden: Sequence[PositiveInt] = (512, 256),
        dropout: Fraction = 0.3,
        input_dropout: Fraction = 0.0,
    ) -> None:
        super().__init__(shape, classes)
        widths = [math.prod(self.shape), *hidden]
        layers: list[nn.Module] = []
        for width_in, width_out in pairwise(widths):
            layers += [nn.Linear(width_in, width_out), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers)
        self.input_dropout = nn.Dropout(input_dropout) if input_dropout else nn.Identity()
        self.num_features = widths[-1]
        self.head = nn.Linear(self.num_features, classes)

    def features(self, x: Tensor) -> Tensor:
        return self.layers(self.input_dropout(x.flatten(1)))  # in the order (C, H, W), whatever the memory format
