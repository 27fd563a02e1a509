"""An embedding computed by several processes: each writes its batches to a shard, and the first joins the shards."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semisup.core.checksums import check_seal, seal
from semisup.core.distributed import is_distributed
from semisup.core.errors import SemisupError
from semisup.data.store_writer import write_array
from semisup.embeddings.base import Features


@dataclass(frozen=True)
class DistributedBatches:
    """How processes share an embedding: every world_size-th batch each, the same batches as one process alone.

    Args:
        compute: Maps (rank, world_size) to that process's batches, (b, D) each.
        batch_size: Rows of a batch; the last of all may have fewer.
        width: D.
    """

    compute: Callable[[int, int], Iterator[Features]]
    batch_size: int
    width: int


def compute_together(
    batches: DistributedBatches, count: int, target: Path, write: Callable[[Iterator[Features]], None]
) -> None:
    """All processes compute their batches; then the first one writes all rows, in order.

    Args:
        batches: How the processes share them.
        count: The number of rows.
        target: Where the embedding will be. The shards lie beside it meanwhile.
        write: Writes the batches of the embedding.

    Raises:
        SemisupError: In all processes, if one of them fails.
    """
    world_size, rank = torch.distributed.get_world_size(), torch.distributed.get_rank()
    folder = target.with_name(f".{target.name}.shards-{broadcast(os.getpid())}")
    try:
        raise_in_all(lambda: write_shard(folder, batches, count, rank, world_size))
        raise_in_all(lambda: write(read_shards(folder, batches, count, world_size)) if rank == 0 else None)
    finally:
        if rank == 0:
            shutil.rmtree(folder, ignore_errors=True)


def write_shard(folder: Path, batches: DistributedBatches, count: int, rank: int, world_size: int) -> None:
    """Writes the batches of one process, as folder/RANK.npy.

    Args:
        folder: Of the shards.
        batches: How the processes share them.
        count: The number of rows of the embedding.
        rank: The number of the process.
        world_size: The number of processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(rank * batches.batch_size, count, world_size * batches.batch_size)
    rows = sum(min(batches.batch_size, count - start) for start in starts)
    file = folder / f"{rank}.npy"
    write_array(file, batches.compute(rank, world_size), (rows, batches.width), "float32")
    seal(file)


def read_shards(folder: Path, batches: DistributedBatches, count: int, world_size: int) -> Iterator[Features]:
    """Reads the batches of all shards, in the order of the embedding.

    Args:
        folder: Of the shards.
        batches: How the processes share them.
        count: The number of rows of the embedding.
        world_size: The number of processes.

    Yields:
        Batches (b, D).

    Raises:
        SemisupError: If a shard is damaged.
    """
    files = [folder / f"{rank}.npy" for rank in range(world_size)]
    for file in files:
        check_seal(file, "run the same command again")
    shards = [np.load(file, mmap_mode="r") for file in files]
    for batch in range(-(-count // batches.batch_size)):
        start = batch // world_size * batches.batch_size
        yield np.asarray(shards[batch % world_size][start : start + batches.batch_size])


def broadcast(value: Any) -> Any:
    """Sends a value of the first process to all that have joined.

    Args:
        value: This process's; anything that can be pickled.

    Returns:
        The first process's.
    """
    values = [value]
    if is_distributed():
        torch.distributed.broadcast_object_list(values, src=0)
    return values[0]


def raise_in_all(work: Callable[[], None]) -> None:
    """Does the work of this process and waits for the others'. What fails in one of them is raised in all.

    Args:
        work: Of this process.

    Raises:
        SemisupError: If it fails here or elsewhere.
    """
    if not is_distributed():
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
