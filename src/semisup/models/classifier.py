"""A trained network for use outside of the training: from raw inputs to calibrated probabilities."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from semisup.models.backbones import Backbone


class Classifier(nn.Module):
    """Normalization, network and temperature in one module: what predicts, and what is exported.

    Images (N, H, W, C) uint8, or rows of a table (N, D) float32, -> probabilities (N, K) float32, softmax(logits / T).
    The inputs are normalized as in the plain view (ImageViews, TableViews), to the last bit.

    mean, std: per channel, of values in [0, 1], or per column. temperature: T.
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self, network: Backbone, mean: Sequence[float], std: Sequence[float], temperature: float = 1.0
    ) -> None:
        super().__init__()
        self.network, self.rows, self.temperature = network, len(network.shape) == 1, temperature
        mean64, std64 = torch.tensor(mean, dtype=torch.float64), torch.tensor(std, dtype=torch.float64)
        # images: scale · image + shift; rows: (row - shift) / scale
        scale, shift = (std64, mean64) if self.rows else (1 / (255 * std64), -mean64 / std64)
        self.register_buffer("scale", scale.float(), persistent=False)
        self.register_buffer("shift", shift.float(), persistent=False)
        self.eval()

    def forward(self, inputs: Tensor) -> Tensor:
        return (self.logits(inputs) / self.temperature).softmax(-1)

    def logits(self, inputs: Tensor) -> Tensor:
        """The same inputs -> logits (N, K) float32, without the temperature."""
        if self.rows:
            views = (inputs - self.shift) / self.scale
        else:
            views = (inputs.float() * self.scale + self.shift).permute(0, 3, 1, 2)
        return self.network(views).float()
