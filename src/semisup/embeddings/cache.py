"""Embeddings kept on disk, each in a folder named by everything that it depends on."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from semisup.core.atomic_files import atomic_folder
from semisup.core.checksums import check_seal, seal
from semisup.core.distributed import is_distributed, rank, wait_for
from semisup.core.environment import versions
from semisup.core.errors import SemisupError
from semisup.data.store_writer import write_array
from semisup.embeddings.base import Features
from semisup.embeddings.shards import DistributedBatches, broadcast, compute_together, raise_in_all

FORMAT = 1  # raised when the numbers of an embedding change, so that old ones are not used


def cached(
    folder: Path | None,
    description: Mapping[str, Any],
    count: int,
    compute: Callable[[], Iterator[Features]],
    batches: DistributedBatches | None = None,
) -> Features:
    """Reads an embedding, or computes it if it is not there. Its folder gets its name when it is complete.

    Args:
        folder: Of all embeddings; this one is in folder/HASH/features.npy. None keeps nothing.
        description: Everything that the embedding depends on.
        count: The number of rows, N.
        compute: Computes all rows, in order.
        batches: How several processes share the work, if they can.

    Returns:
        (N, D) float32, memory-mapped if it is kept.

    Raises:
        SemisupError: If a feature is not finite, or the file is damaged.
    """
    if folder is None:
        return _concatenated(_checked(compute(), description), count)
    target = folder / description_key(description)
    if broadcast(not target.exists()):
        if batches and is_distributed():
            compute_together(batches, count, target, lambda blocks: _write(target, description, count, blocks))
        else:
            raise_in_all(lambda: _write(target, description, count, compute()) if rank() == 0 else None)
    wait_for(target / "features.npy")
    return _open(target, count)


def description_key(description: Mapping[str, Any]) -> str:
    """The name of an embedding's folder.

    Args:
        description: Everything that the embedding depends on.

    Returns:
        A hash of it.
    """
    return hashlib.sha256(json.dumps({**description, "format": FORMAT}, sort_keys=True).encode()).hexdigest()[:16]


def _open(target: Path, count: int) -> Features:
    check_seal(target / "features.npy", f"delete {target}")
    try:
        features: Features = np.load(target / "features.npy", mmap_mode="r")
    except (OSError, ValueError) as error:
        raise SemisupError(f"{target / 'features.npy'} is damaged ({error}); delete {target}.") from error
    if len(features) != count:
        raise SemisupError(f"{target} holds {len(features):,} embeddings instead of {count:,}; delete it.")
    return features


def _checked(blocks: Iterator[Features], description: Mapping[str, Any]) -> Iterator[Features]:
    """The blocks themselves; raises at the first feature that is not finite."""
    done = 0
    for block in blocks:
        if not np.isfinite(block).all():
            image = done + int((~np.isfinite(block).all(1)).argmax())
            raise SemisupError(
                f"{description['embedding']}: the embedding of image {image:,} is not finite (NaN or infinity)."
            )
        done += len(block)
        yield block


def _concatenated(blocks: Iterator[Features], count: int) -> Features:
    """The rows of all blocks, (count, D), without holding them twice."""
    first = next(blocks)
    features = np.empty((count, first.shape[1]), np.float32)
    start = 0
    for block in chain([first], blocks):
        features[start : start + len(block)] = block
        start += len(block)
    return features


def _write(target: Path, description: Mapping[str, Any], count: int, blocks: Iterator[Features]) -> None:
    with atomic_folder(target) as temporary:
        blocks = _checked(blocks, description)
        first = next(blocks)
        shape = (count, first.shape[1])
        write_array(temporary / "features.npy", chain([first], blocks), shape, "float32")
        seal(temporary / "features.npy")
        meta = {**description, "images": shape[0], "features": shape[1], "versions": versions()}
        (temporary / "meta.json").write_text(json.dumps(meta, indent=1))
