"""Networks on the features of a frozen network, which alone are trained."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.ranges import Fraction, Positive, PositiveInt
from semisup.models.backbones.base import Backbone


class Linear(Backbone):
    """One linear layer on an embedding: logistic regression.

    Its weights start at zero, so that the first predictions favor no class.

    Args:
        shape: (D,), one embedding.
        classes: K.
        length: Each embedding is scaled to this length, so that a learning rate means the same for every network.
    """

    takes_embedding = True

    def __init__(self, shape: tuple[int, ...], classes: int, *, length: Positive = 10.0) -> None:
        super().__init__(shape, classes)
        self.length, self.num_features = length, shape[0]
        self.head = nn.Linear(self.num_features, classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def features(self, x: Tensor) -> Tensor:
        return self.length * F.normalize(x, dim=-1)


class MlpHead(Backbone):
    """Dense layers with ReLU and dropout on an embedding.

    Args:
        shape: (D,), one embedding.
        classes: K.
        hidden: Units of each hidden layer.
        dropout: The probability that a unit is left out in training.
        length: Each embedding is scaled to this length.
    """

    takes_embedding = True

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int,
        *,
        hidden: Sequence[PositiveInt] = (256,),
        dropout: Fraction = 0.5,
        length: Positive = 10.0,
    ) -> None:
        super().__init__(shape, classes)
        self.length = length
        widths = [shape[0], *hidden]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers)
        self.num_features = widths[-1]
        self.head = nn.Linear(self.num_features, classes)

    def features(self, x: Tensor) -> Tensor:
        return self.layers(self.length * F.normalize(x, dim=-1))
