"""Several processes that train together: which one this is, and what they tell each other."""

import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.utilities import rank_zero


def rank() -> int:
    """This process's number; process 0 writes the files and prints."""
    return int(getattr(rank_zero.rank_zero_only, "rank", 0))


def wait_for(file: Path) -> None:
    """Waits until process 0 has written a file.

    Args:
        file: A file that every process will read.
    """
    if is_distributed():
        torch.distributed.barrier()
    while not file.exists():  # also where another program started the processes and they have not joined yet
        time.sleep(0.1)


def gather_objects(value: Any) -> list[Any]:
    """Collects one value of each process in process 0.

    Args:
        value: This process's; anything that can be pickled.

    Returns:
        The values by the processes' numbers in process 0, and an empty list in the others.
    """
    if not is_distributed():
        return [value]
    values: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.gather_object(value, values if rank() == 0 else None)
    return values if rank() == 0 else []


def is_distributed() -> bool:
    """Whether this is one of several processes that have joined a process group."""
    initialized = torch.distributed.is_available() and torch.distributed.is_initialized()
    return initialized and torch.distributed.get_world_size() > 1
