"""Several frozen networks as one: their features side by side."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.errors import SemisupError
from semisup.models.backbones.base import Backbone


class Concatenated(Backbone):
    """The features of several networks, each scaled to length 1, so that none outweighs the others.

    Args:
        networks: For images of the same shape.
        means: Of each channel, by which each network's inputs are normalized. Images come normalized for the first.
        stds: The same of the standard deviation.

    Raises:
        SemisupError: If there are fewer than two networks.
    """

    takes_rows = True  # each network resizes its images itself

    def __init__(
        self, networks: Sequence[Backbone], means: Sequence[Sequence[float]], stds: Sequence[Sequence[float]]
    ) -> None:
        if len(networks) < 2:
            raise SemisupError("Concatenated joins two networks or more.")
        super().__init__(networks[0].shape, networks[0].classes)
        for network in networks:
            network.head = nn.Identity()  # type: ignore[assignment]  # random, and not used
        self.networks = nn.ModuleList(networks)
        self.num_features = sum(network.num_features for network in networks)
        self.head = nn.Linear(self.num_features, self.classes)
        mean, std = torch.tensor(means), torch.tensor(stds)  # (networks, C)
        self.register_buffer("scale", (std[0] / std)[:, :, None, None])
        self.register_buffer("shift", ((mean[0] - mean) / std)[:, :, None, None])

    scale: Tensor
    shift: Tensor

    def features(self, x: Tensor) -> Tensor:
        parts = [
            F.normalize(network.features(x * self.scale[number] + self.shift[number]), dim=-1)  # type: ignore[operator]
            for number, network in enumerate(self.networks)
        ]
        return torch.cat(parts, dim=-1)
