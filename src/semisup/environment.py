"""What a run ran on: versions and hardware, for result.json."""

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.utilities import rank_zero

from semisup.errors import SemisupError

PACKAGES = ("semisup", "torch", "torchvision", "lightning", "hydra-core", "torchmetrics", "numpy")


def rank() -> int:
    """Which of several processes this is; the first one, 0, writes files and talks."""
    return int(getattr(rank_zero.rank_zero_only, "rank", 0))


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """A draft to write, which becomes `file` when the block has ended without an error.

    Raises SemisupError, naming the file, if it cannot be written.
    """
    draft = file.with_name(f".{file.stem}.draft{file.suffix}")
    try:
        yield draft
        os.replace(draft, file)
    except OSError as error:
        raise SemisupError(f"{file} could not be written ({error.strerror or error}); nothing was kept.") from error
    finally:
        draft.unlink(missing_ok=True)


def write_whole(file: Path, text: str) -> None:
    """Writes a text as UTF-8, all of it or nothing. Raises SemisupError, naming the file, if it cannot be written."""
    with whole(file) as draft:
        draft.write_text(text, encoding="utf-8")


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


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a result depends on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def hardware() -> dict[str, Any]:
    """Processor, threads, and the accelerators that torch sees."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "accelerators": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
