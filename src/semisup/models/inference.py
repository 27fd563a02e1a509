"""Batched inference: a network in evaluation mode, on a device, without gradients."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from semisup.core import environment
from semisup.core.errors import SemisupError
from semisup.core.ranges import PositiveInt, enforce_ranges
from semisup.data.transforms import Views
from semisup.models.backbones import Backbone

Precision = Literal["32-true", "bf16-mixed"]


@enforce_ranges
@dataclass(frozen=True)
class BatchedInference:
    """How many inputs go through a network at a time, where, and how precisely.

    Args:
        batch_size: Inputs at a time.
        device: Such as 'cpu' or 'cuda:1'; 'auto' is an accelerator if there is one.
        precision: '32-true' or 'bf16-mixed'; outputs are float32 in both cases.
        node: The config node of these options in messages, such as 'embedding'; '' for none.
    """

    batch_size: PositiveInt = 256
    device: str = "auto"
    precision: Precision = "32-true"
    node: str = ""

    def features(
        self,
        network: Backbone,
        views: Views,
        images: NDArray[Any],
        rows: NDArray[np.int64],
        rank: int = 0,
        world_size: int = 1,
    ) -> Iterator[NDArray[np.float32]]:
        """Computes the features of images in the plain view.

        Args:
            network: Computes them; afterwards its device and its modes are as they were.
            views: Make the plain view.
            images: A store's, (N, H, W, C) uint8 or (N, D) float32.
            rows: Which of them, (n,).
            rank: The number of this process, which computes every world_size-th batch.
            world_size: The number of processes.

        Yields:
            The features of each batch, (b, D) float32.

        Raises:
            SemisupError: If there is no such device, or a batch does not fit into its memory.
        """
        starts = range(rank * self.batch_size, len(rows), world_size * self.batch_size)
        batches = (images[rows[start : start + self.batch_size]] for start in starts)
        return self.outputs(network, lambda inputs: network.features(views.apply("plain", inputs, {})), batches)

    def outputs(
        self, network: nn.Module, function: Callable[[Tensor], Tensor], batches: Iterable[NDArray[Any]]
    ) -> Iterator[NDArray[np.float32]]:
        """Applies a function of a network to batches. The device computes a batch while the last one is copied back.

        Args:
            network: Is in evaluation mode and on the device meanwhile; afterwards it is as it was.
            function: Maps inputs to outputs, on the device.
            batches: Of inputs, in memory.

        Yields:
            The outputs of each batch, float32.

        Raises:
            SemisupError: If there is no such device, or a batch does not fit into its memory.
        """
        option = f"{self.node}." if self.node else ""
        device, pending = environment.device(self.device, f"{option}device"), None
        remedy = f"lower {option}batch_size={self.batch_size}"
        with evaluation_mode(network, device):
            for batch in batches:
                output = infer(function, batch, device, self.precision, remedy)
                if pending is not None:
                    yield pending.cpu().numpy()
                pending = output
            if pending is not None:
                yield pending.cpu().numpy()


@torch.no_grad()
def infer(
    function: Callable[[Tensor], Tensor],
    inputs: NDArray[Any],
    device: torch.device,
    precision: Precision = "32-true",
    remedy: str = "lower batch_size",
) -> Tensor:
    """Applies a function to one batch, without gradients and without waiting for the device.

    Args:
        function: Maps inputs to outputs, such as a network in evaluation mode.
        inputs: In memory.
        device: Where the function computes.
        precision: '32-true' or 'bf16-mixed'.
        remedy: What the message tells the user to do if the memory does not suffice.

    Returns:
        The outputs on the device, float32.

    Raises:
        SemisupError: If the batch does not fit into the memory of the device.
    """
    batch = torch.from_numpy(inputs)
    if device.type == "cuda":
        batch = batch.pin_memory()
    try:
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16-mixed"):
            return function(batch.to(device, non_blocking=True)).float()
    except torch.OutOfMemoryError as error:
        raise SemisupError(f"{len(inputs)} inputs at a time do not fit into the memory: {remedy}.") from error


@contextmanager
def evaluation_mode(network: nn.Module, device: torch.device) -> Iterator[None]:
    """Within it, a network is in evaluation mode and on a device; then each part is as it was.

    Args:
        network: The network.
        device: The device.

    Yields:
        Nothing.
    """
    modes = [(module, module.training) for module in network.modules()]
    home = next((parameter.device for parameter in network.parameters()), device)
    network.eval().to(device)
    try:
        yield
    finally:
        network.to(home)
        for module, training in modes:
            module.training = training
