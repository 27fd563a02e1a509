"""Several processes that train together: which one this is, and what they tell each other."""

import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.utilities import rank_zero


def rank() -> int:
    """Which of several processes this is; the first one, 0, writes files and talks."""
    return int(getattr(rank_zero.rank_zero_only, "rank", 0))


def wait_for(file: Path) -> None:
    """Until the first process has written a file that all will read."""
    if joined():
        torch.distributed.barrier()
    while not file.exists():  # also where processes were started from outside and have not joined yet
        time.sleep(0.1)


def gathered(value: Any) -> list[Any]:
    """What each process holds, for the first one; the others get an empty list. value: anything that can be pickled."""
    if not joined():
        return [value]
    values: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.gather_object(value, values if rank() == 0 else None)
    return values if rank() == 0 else []


def joined() -> bool:
    """Whether this is one of several processes that have found each other."""
    there = torch.distributed.is_available() and torch.distributed.is_initialized()
    return there and torch.distributed.get_world_size() > 1
