"""The features of an image and of its mirror images, averaged."""

from typing import Literal

import torch
from torch import Tensor

from semisup.models.backbones.base import Backbone

Mirror = bool | Literal["both"]  # as data.flip: left to right, or also top to bottom
_AXES: dict[Mirror, tuple[tuple[int, ...], ...]] = {True: ((), (-1,)), "both": ((), (-1,), (-2,), (-1, -2))}


class Mirrored(Backbone):
    """A frozen network that sees each image and its mirror images. Its features are the mean of theirs.

    Args:
        network: For images.
        mirror: True: left to right, two passes of the network. both: also top to bottom, four passes.
    """

    takes_rows = True  # the network resizes its images itself

    def __init__(self, network: Backbone, mirror: Literal[True, "both"]) -> None:
        super().__init__(network.shape, network.classes)
        self.network, self.mirror = network, mirror
        self.num_features, self.head = network.num_features, network.head

    def features(self, x: Tensor) -> Tensor:
        return torch.stack([self.network.features(x.flip(axes)) for axes in _AXES[self.mirror]]).mean(0)
