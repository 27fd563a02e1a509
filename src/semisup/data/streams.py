"""Batches as pure functions of (seed, stream, step).

Nothing else decides which images and which random views a step sees. A run that was stopped therefore goes on with
exactly the batches it would have had, and several devices share the batches that one device would see alone.
"""

import itertools
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semisup.data.transforms.views import Views


class Stream:
    """Shuffled passes over some images, without end, one whole batch a step.

    images: (N, ...) of the store. index: the images of this stream. columns: further arrays of length N, of which a
    batch gets its rows (label, or target and weight). views: which random views to draw parameters for.
    """

    def __init__(
        self,
        name: str,
        images: NDArray[Any],
        index: NDArray[np.int64],
        columns: Mapping[str, NDArray[Any]],
        views: Views,
        view_names: Sequence[str],
        batch_size: int,
        seed: int,
    ) -> None:
        self.images, self.index, self.columns = images, index, columns
        self.views, self.view_names = views, tuple(view_names)
        self.batch_size = batch_size
        self.entropy = [seed, zlib.crc32(name.encode())]
        self._order: tuple[int, NDArray[np.int64]] = (-1, index)

    def indices(self, step: int) -> NDArray[np.int64]:
        """The images of a step, (B,). Each pass over the stream has its own order; a batch may span two passes."""
        positions = np.arange(step * self.batch_size, (step + 1) * self.batch_size)
        passes, offsets = np.divmod(positions, len(self.index))
        return np.concatenate([self._pass(p)[offsets[passes == p]] for p in range(passes[0], passes[-1] + 1)])

    def batch(self, step: int, rank: int = 0, world_size: int = 1, gather: bool = True) -> dict[str, Any]:
        """Step `step`'s batch, or the share of one process: images as stored, columns, indices, drawn view parameters.

        Parameters are drawn for the whole batch and then shared out, so that the number of processes changes nothing.
        gather: False leaves the images out, for where they are taken from a pool on the device.
        """
        share = slice(rank * self.batch_size // world_size, (rank + 1) * self.batch_size // world_size)
        index = self.indices(step)[share]
        rng = np.random.default_rng([*self.entropy, step, 1])
        aug_params = {view: self.views.draw(view, rng, self.batch_size) for view in self.view_names}
        return {
            **({"inputs": torch.from_numpy(self.images[index])} if gather else {}),
            "index": torch.from_numpy(index),
            "aug_params": {view: {key: value[share] for key, value in d.items()} for view, d in aug_params.items()},
            **{key: torch.from_numpy(column[index]) for key, column in self.columns.items()},
        }

    def _pass(self, number: int) -> NDArray[np.int64]:
        if self._order[0] != number:
            self._order = (number, np.random.default_rng([*self.entropy, number, 0]).permutation(self.index))
        return self._order[1]


class StreamLoader:
    """The steps of a stream from `start` on, for one process of several, without end; the trainer knows when to stop.

    Its length is that of the whole training, also when it starts in the middle: Lightning counts so.
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
        self.stream, self.start, self.stop = stream, start, stop
        self.rank, self.world_size, self.pin, self.gather = rank, world_size, pin, gather

    def __len__(self) -> int:
        return self.stop

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for step in itertools.count(self.start):
            batch = self.stream.batch(step, self.rank, self.world_size, self.gather)
            yield (
                {k: v.pin_memory() if isinstance(v, torch.Tensor) else v for k, v in batch.items()}
                if self.pin
                else batch
            )

    # The position is the trainer's step. These two tell Lightning that it may resume in the middle of an epoch.
    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


class EvalLoader:
    """Some images in order, once, in batches: for validation, test and prediction.

    Of several processes, each takes every world_size-th batch: the same batches as one process alone, and each once.
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
