"""An embedding made by several processes: each writes the batches it has made, and the first joins them."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semisup.core.distributed import joined
from semisup.core.errors import SemisupError
from semisup.data.store import write_array
from semisup.embeddings.base import Features


@dataclass(frozen=True)
class Share:
    """How processes share an embedding: every world_size-th batch each, the same batches as one process alone.

    blocks: (rank, world_size) -> that process's batches, one after the other. size: rows in a batch; the last of all
    may have fewer. width: D.
    """

    blocks: Callable[[int, int], Iterator[Features]]
    size: int
    width: int


def made_together(share: Share, count: int, place: Path, write: Callable[[Iterator[Features]], None]) -> None:
    """All processes make their batches; then the first hands all rows to `write`, in order.

    place: where the embedding will be; the shards lie beside it meanwhile. An error in one process is raised in all.
    """
    world_size, rank = torch.distributed.get_world_size(), torch.distributed.get_rank()
    folder = place.with_name(f".{place.name}.shards-{first_decides(os.getpid())}")
    try:
        agreed(lambda: write_shard(folder, share, count, rank, world_size))
        agreed(lambda: write(rows_in_order(folder, share, count, world_size)) if rank == 0 else None)
    finally:
        if rank == 0:
            shutil.rmtree(folder, ignore_errors=True)


def write_shard(folder: Path, share: Share, count: int, rank: int, world_size: int) -> None:
    """One process's batches of an embedding of `count` rows, as folder/RANK.npy."""
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(rank * share.size, count, world_size * share.size)
    rows = sum(min(share.size, count - start) for start in starts)
    write_array(folder / f"{rank}.npy", share.blocks(rank, world_size), (rows, share.width), "float32")


def rows_in_order(folder: Path, share: Share, count: int, world_size: int) -> Iterator[Features]:
    """The batches of all shards, in the order of the whole."""
    shards = [np.load(folder / f"{rank}.npy", mmap_mode="r") for rank in range(world_size)]
    for batch in range(-(-count // share.size)):
        start = batch // world_size * share.size
        yield np.asarray(shards[batch % world_size][start : start + share.size])


def first_decides(value: Any) -> Any:
    """The first process's value, in all that have joined."""
    values = [value]
    if joined():
        torch.distributed.broadcast_object_list(values, src=0)
    return values[0]


def agreed(work: Callable[[], None]) -> None:
    """Does the work of this process and waits for the others'. What fails in one of them is raised in all."""
    if not joined():
        work()
        return
    failure: str | None = None
    try:
        work()
    except (SemisupError, OSError) as error:
        failure = str(error)
    failures: list[str | None] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(failures, failure)
    if first := next(filter(None, failures), None):
        raise SemisupError(first)
