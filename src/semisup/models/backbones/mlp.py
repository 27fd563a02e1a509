"""The network for tables, and for images as rows of pixels."""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from semisup.models.backbones.base import Backbone, probability


class MLP(Backbone):
    """Dense layers with ReLU and dropout. Takes rows of numbers (D,), and flattens images (C, H, W).

    hidden=[5000] dropout=0.5 is the network of Lee (2013, Pseudo-Label); hidden=[] is logistic regression.
    """

    takes_rows = True

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int,
        *,
        hidden: Sequence[int] = (512, 256),
        dropout: float = 0.3,
    ) -> None:
        super().__init__(shape, classes)
        probability("dropout", dropout)
        widths = [math.prod(self.shape), *hidden]
        layers: list[nn.Module] = []
        for width_in, width_out in pairwise(widths):
            layers += [nn.Linear(width_in, width_out), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers)
        self.num_features = widths[-1]
        self.head = nn.Linear(self.num_features, classes)

    def features(self, x: Tensor) -> Tensor:
        return self.layers(x.flatten(1))  # in the order (C, H, W), whatever the memory format
