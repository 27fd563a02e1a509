"""The loaders that Lightning iterates: training steps of a stream, and images in order for evaluation."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.data.streams import Stream


class StreamLoader:
    """The batches of a stream for one process, without end; the trainer stops.

    Its length is the number of steps of the complete training, as Lightning expects, even if it starts in the middle.

    Args:
        stream: The stream.
        start: The first step.
        stop: The number of steps of the complete training.
        rank: This process's number.
        world_size: The number of processes.
        pin: Whether batches are put into pinned memory.
        gather: Whether batches hold their images; false if they are taken from the device cache.

    Raises:
        SemisupError: If the processes cannot have equal shares of a batch.
    """

    def __init__(
        self,
        stream: Stream,
        start: int,
        stop: int,
        rank: int,
        world_size: int,
        pin: bool = False,
        gather: bool = True,
    ) -> None:
        if stream.batch_size % world_size:
            raise SemisupError(
                f"{stream.batch_size} {stream.name} images per step cannot be divided equally among {world_size} "
                "processes; change batch.labeled."
            )
        self.stream, self.start, self.stop = stream, start, stop
        self.rank, self.world_size, self.pin, self.gather = rank, world_size, pin, gather

    def __len__(self) -> int:
        return self.stop

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for step in itertools.count(self.start):
            batch = self.stream.batch(step, self.rank, self.world_size, self.gather)
            if self.pin:
                batch = _pin(batch)
            yield batch

    # The position is the trainer's step. These two tell Lightning that it may resume in the middle of an epoch.
    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


class EvalLoader:
    """Some images once, in order, in batches: for validation, test and prediction.

    Each process takes every world_size-th batch, so that several processes see the same batches as one.

    Args:
        images: (N, ...).
        index: The images to go through, (n,) int64.
        label: The classes of all images, (N,) int64.
        size: Images per batch.
        rank: This process's number.
        world_size: The number of processes.
    """

    def __init__(
        self,
        images: NDArray[Any],
        index: NDArray[np.int64],
        label: NDArray[np.int64],
        size: int,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.images, self.index, self.label, self.size = images, index, label, size
        self.starts = range(rank * size, len(index), world_size * size)

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        for start in self.starts:
            index = self.index[start : start + self.size]
            yield {
                "inputs": torch.from_numpy(self.images[index]),
                "label": torch.from_numpy(self.label[index]),
                "index": torch.from_numpy(index),
            }


def _pin(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _pin(part) for key, part in value.items()}
    return value.pin_memory() if isinstance(value, torch.Tensor) else value
