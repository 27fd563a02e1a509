"""Batches as pure functions of (seed, stream, step).

Nothing else decides which images and which random views a step gets. A resumed run therefore continues with exactly the
batches that it would have had, and several devices share the batches that one device would get.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semisup.data.transforms.views import Views


class Stream:
    """Endless shuffled passes over some of a store's images, one batch a step.

    Args:
        name: The stream's name; streams of other names have other batches.
        images: The store's images, (N, ...).
        index: The images of this stream, (n,) int64.
        columns: Arrays (N, ...) of which a batch gets its rows, such as label, or target and weight.
        views: Draws the parameters of the random views.
        view_names: The views that a batch gets.
        batch_size: Images per step, over all processes.
        seed: Of the order and of the views.
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
        self.name, self.images, self.index, self.columns = name, images, index, columns
        self.views, self.view_names = views, tuple(view_names)
        self.batch_size = batch_size
        self.entropy = [seed, zlib.crc32(name.encode())]
        self._order: tuple[int, NDArray[np.int64]] = (-1, index)  # of the latest pass

    def indices(self, step: int) -> NDArray[np.int64]:
        """The images of one step. Each pass has another order, and a batch may belong to several passes.

        Args:
            step: From 0.

        Returns:
            Indices into the store's images, (B,).
        """
        positions = np.arange(step * self.batch_size, (step + 1) * self.batch_size)
        passes, offsets = np.divmod(positions, len(self.index))
        return np.concatenate([self._pass(p)[offsets[passes == p]] for p in range(passes[0], passes[-1] + 1)])

    def batch(self, step: int, rank: int = 0, world_size: int = 1, gather: bool = True) -> dict[str, Any]:
        """The batch of one step, or one process's share of it.

        View parameters are drawn for the complete batch and then shared, so that they do not depend on the number of
        processes.

        Args:
            step: From 0.
            rank: This process's number.
            world_size: The number of processes.
            gather: Whether the batch holds its images; false if they are taken from the device cache.

        Returns:
            inputs (of each view, where these are gathered apart), index, a tensor for each column, and aug_params: the
            parameters of each view.
        """
        share = slice(rank * self.batch_size // world_size, (rank + 1) * self.batch_size // world_size)
        index = self.indices(step)[share]
        rng = np.random.default_rng([*self.entropy, step, 1])
        drawn = {view: self.views.draw_aug_params(view, rng, self.batch_size) for view in self.view_names}
        mine = {view: {key: value[share] for key, value in d.items()} for view, d in drawn.items()}
        return {
            **({"inputs": self.views.gather(self.images, index, mine)} if gather else {}),
            "index": torch.from_numpy(index),
            "aug_params": mine,
            **{key: torch.from_numpy(column[index]) for key, column in self.columns.items()},
        }

    def _pass(self, number: int) -> NDArray[np.int64]:
        if self._order[0] != number:
            self._order = (number, np.random.default_rng([*self.entropy, number, 0]).permutation(self.index))
        return self._order[1]
