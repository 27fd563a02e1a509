"""A network's features of many images: one pass in evaluation mode."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from semisup.core.environment import device
from semisup.core.errors import SemisupError
from semisup.data.transforms.views import Views
from semisup.embeddings.base import Features, Rows
from semisup.models.backbones import Backbone

Precision = Literal["32-true", "bf16-mixed"]


@dataclass(frozen=True)
class Forward:
    """How images go through a network.

    batch_size: images at a time. device: 'auto' takes an accelerator if there is one. precision: '32-true' or
    'bf16-mixed'; features are float32 in either case.
    """

    batch_size: int = 256
    device: str = "auto"
    precision: Precision = "32-true"

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise SemisupError(f"embedding.batch_size is at least 1; got {self.batch_size}.")

    def blocks(
        self, network: Backbone, views: Views, images: NDArray[Any], rows: Rows, rank: int = 0, world_size: int = 1
    ) -> Iterator[Features]:
        """The features (b, D) of each batch of images; of several processes, of every world_size-th batch.

        The next batch is under way on the device while one is read back. Afterwards the network is as it was.
        """
        place, under_way = device(self.device, "embedding.device"), None
        with evaluating(network, place):
            for start in range(rank * self.batch_size, len(rows), world_size * self.batch_size):
                inputs = torch.from_numpy(images[rows[start : start + self.batch_size]])
                if place.type == "cuda":
                    inputs = inputs.pin_memory()
                features = self._features(network, views, inputs.to(place, non_blocking=True))
                if under_way is not None:
                    yield under_way.cpu().numpy()
                under_way = features
            if under_way is not None:
                yield under_way.cpu().numpy()

    @torch.no_grad()
    def _features(self, network: Backbone, views: Views, inputs: Tensor) -> Tensor:
        half = torch.autocast(inputs.device.type, torch.bfloat16, enabled=self.precision == "bf16-mixed")
        try:
            with half:
                return network.features(views.apply("plain", inputs, {})).float()
        except torch.OutOfMemoryError as error:
            lower = f"lower embedding.batch_size={self.batch_size}"
            raise SemisupError(f"{len(inputs)} images at a time do not fit into the memory: {lower}.") from error


@contextmanager
def evaluating(network: nn.Module, device: torch.device) -> Iterator[None]:
    """Within it, the network is in evaluation mode and on the device; then each part is as it was."""
    modes = [(module, module.training) for module in network.modules()]
    home = next((parameter.device for parameter in network.parameters()), device)
    network.eval().to(device)
    try:
        yield
    finally:
        network.to(home)
        for module, mode in modes:
            module.training = mode


def identity(network: Backbone) -> dict[str, Any]:
    """What a network's features depend on: its layers, its input size and its weights, but for the head.

    The precision aside, how and where they are computed changes roundings only, and is left out.
    """
    weights = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        if not name.startswith("head.") and not name.endswith("num_batches_tracked"):
            values = tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy()
            weights.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            weights.update(values.tobytes())
    layers = "".join(f"{name}: {layer}" for name, layer in network.named_children() if name != "head")
    return {
        "network": type(network).__name__,
        "layers": hashlib.sha256(layers.encode()).hexdigest(),
        "weights": weights.hexdigest(),
        "input": list(network.shape),
    }
