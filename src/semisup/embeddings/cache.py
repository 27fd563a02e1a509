"""Embeddings kept on disk, each in a folder named by all that it depends on."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from semisup.core.distributed import joined, rank, wait_for
from semisup.core.environment import versions
from semisup.core.errors import SemisupError
from semisup.data.store import write_array, written_atomically
from semisup.embeddings.base import Features
from semisup.embeddings.shards import Share, agreed, first_decides, made_together

FORMAT = 1  # raised when the numbers of an embedding change, so that old ones are made anew


def key(what: Mapping[str, Any]) -> str:
    """The name of an embedding's folder: a hash of its description."""
    return hashlib.sha256(json.dumps({**what, "format": FORMAT}, sort_keys=True).encode()).hexdigest()[:16]


def cached(
    folder: Path | None,
    what: Mapping[str, Any],
    count: int,
    blocks: Callable[[], Iterator[Features]],
    share: Share | None = None,
) -> Features:
    """The embedding that `what` describes, (count, D), made only where folder/key/features.npy is not there.

    blocks: makes all its rows, in order. share: makes one process's share of them, for embeddings that processes make
    together. A folder takes its name when it is complete. Raises SemisupError for a feature that is not finite.
    """
    if folder is None:
        return collected(finite(blocks(), what), count)
    place = folder / key(what)
    if first_decides(not place.exists()):
        if share and joined():
            made_together(share, count, place, lambda made: _write(place, what, count, made))
        else:
            agreed(lambda: _write(place, what, count, blocks()) if rank() == 0 else None)
    wait_for(place / "features.npy")
    return opened(place, count)


def opened(place: Path, count: int) -> Features:
    """A kept embedding (count, D), memory-mapped. Raises SemisupError, naming the file, if it is damaged."""
    try:
        features: Features = np.load(place / "features.npy", mmap_mode="r")
    except (OSError, ValueError) as error:
        raise SemisupError(f"{place / 'features.npy'} is damaged ({error}); delete {place}.") from error
    if len(features) != count:
        raise SemisupError(f"{place} holds {len(features):,} embeddings instead of {count:,}; delete it.")
    return features


def finite(blocks: Iterator[Features], what: Mapping[str, Any]) -> Iterator[Features]:
    """The blocks themselves. Raises SemisupError at the first value that is no finite number."""
    done = 0
    for block in blocks:
        if not np.isfinite(block).all():
            image = done + int((~np.isfinite(block).all(1)).argmax())
            raise SemisupError(
                f"{what['embedding']}: the embedding of image {image:,} is not finite (NaN or infinity)."
            )
        done += len(block)
        yield block


def collected(blocks: Iterator[Features], count: int) -> Features:
    """The blocks' rows in one array in memory, (count, D)."""
    first = next(blocks)
    whole = np.empty((count, first.shape[1]), np.float32)
    start = 0
    for block in chain([first], blocks):
        whole[start : start + len(block)] = block
        start += len(block)
    return whole


def _write(place: Path, what: Mapping[str, Any], count: int, blocks: Iterator[Features]) -> None:
    with written_atomically(place) as draft:
        blocks = finite(blocks, what)
        first = next(blocks)
        shape = (count, first.shape[1])
        write_array(draft / "features.npy", chain([first], blocks), shape, "float32")
        meta = {**what, "images": shape[0], "features": shape[1], "versions": versions()}
        (draft / "meta.json").write_text(json.dumps(meta, indent=1))
