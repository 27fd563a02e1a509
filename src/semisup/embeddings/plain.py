"""The plain view of a store's inputs, block by block."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from semisup.data import Store
from semisup.data.transforms import ImageViews, TableViews, Views
from semisup.embeddings.base import BLOCK, Features, Rows


def plain_views(
    store: Store, mean: Sequence[float] | None = None, std: Sequence[float] | None = None, **options: Any
) -> Views:
    """The views of a store. Without options, only the plain one is meant to be used.

    Args:
        store: The images or rows.
        mean: Per channel; None for the data set's own.
        std: Per channel; None for the data set's own.
        options: Of the weak and strong views of images, such as `flip`.

    Returns:
        The views.
    """
    mean, std = mean or store.mean, std or store.std
    if len(store.shape) == 3:
        channels, height, width = store.shape
        return ImageViews((channels, height, width), mean, std, **{"padding": 0, **options})
    return TableViews(mean, std)


def plain_pixels(store: Store, rows: Rows) -> Iterator[Features]:
    """Reads the normalized pixels of images, or the normalized columns of a table.

    Args:
        store: The images or rows.
        rows: Which of them, (N,) int64.

    Yields:
        Blocks (b, D) float32; of images D = C · H · W, channel by channel.
    """
    views = plain_views(store)
    for start in range(0, len(rows), BLOCK):
        inputs = torch.from_numpy(store.images[rows[start : start + BLOCK]])
        yield views.apply("plain", inputs, {}).flatten(1).numpy()
