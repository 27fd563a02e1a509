"""A small network for 32-pixel images."""

import torch
from torch import Tensor, nn

from semisup.core.ranges import Fraction, PositiveInt
from semisup.models.backbones.base import Backbone


class SmallCNN(Backbone):
    """Four convolutions without padding, two poolings, two dense layers; 32,122 parameters for CIFAR-10.

    It is for quick comparisons: a few minutes of training on a CPU suffice.

    Args:
        shape: One input: an image (C, H, W).
        classes: K.
        dropout: The probability of dropout before the dense layers.
        size: The shorter side that images are resized to; None leaves those of at least `min_size` as they are.
    """

    min_size = 16

    def __init__(
        self, shape: tuple[int, ...], classes: int, *, dropout: Fraction = 0.5, size: PositiveInt | None = None
    ) -> None:
        super().__init__(shape, classes, size=size)
        self.convolutions = nn.Sequential(
            nn.Conv2d(self.shape[0], 16, 3),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 32, 3),
            nn.ReLU(),
            nn.Conv2d(32, 16, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),  # (N, 16, 5, 5) for 32-pixel images
            nn.Flatten(),
        )
        width = self.convolutions(torch.zeros(1, *self.shape)).shape[1]  # 400 for 32-pixel images
        self.dropout = nn.Dropout(dropout)
        self.num_features = 32
        self.dense = nn.Linear(width, self.num_features)
        self.head = nn.Linear(self.num_features, classes)

    def features(self, x: Tensor) -> Tensor:
        return self.dense(self.dropout(self.convolutions(self.resize(x)))).relu()
