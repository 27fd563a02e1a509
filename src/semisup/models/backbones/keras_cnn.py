"""The network of the Keras tutorial."""

import torch
from torch import Tensor, nn

from semisup.core.ranges import PositiveInt
from semisup.models.backbones.base import Backbone


class KerasCNN(Backbone):
    """The CNN of TensorFlow's CIFAR tutorial; 122,570 parameters for CIFAR-10.

    Weights start as in Keras: Glorot's uniform distribution, and biases of zero.

    Source: tensorflow.org/tutorials/images/cnn. Departures: none known.

    Args:
        shape: One input: an image (C, H, W).
        classes: K.
        size: The shorter side that images are resized to; None leaves those of at least `min_size` as they are.
    """

    min_size = 18

    def __init__(self, shape: tuple[int, ...], classes: int, *, size: PositiveInt | None = None) -> None:
        super().__init__(shape, classes, size=size)
        self.convolutions = nn.Sequential(
            nn.Conv2d(self.shape[0], 32, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 64, 3),
            nn.ReLU(),  # (N, 64, 4, 4) for 32-pixel images
            nn.Flatten(),
        )
        width = self.convolutions(torch.zeros(1, *self.shape)).shape[1]  # 1024 for 32-pixel images
        self.num_features = 64
        self.dense = nn.Linear(width, self.num_features)
        self.head = nn.Linear(self.num_features, classes)
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)
            else:
                nn.init.zeros_(parameter)

    def features(self, x: Tensor) -> Tensor:
        return self.dense(self.convolutions(self.resize(x))).relu()
