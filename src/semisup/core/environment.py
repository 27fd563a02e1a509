"""Devices, and the versions and hardware that result.json records."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from semisup.core.errors import SemisupError

_PACKAGES = ("semisup", "torch", "torchvision", "lightning", "hydra-core", "torchmetrics", "numpy")


def device(name: str, option: str = "device") -> torch.device:
    """Finds a device by its name.

    Args:
        name: Such as 'cpu' or 'cuda:1'; 'auto' is an accelerator if there is one, else the CPU.
        option: The option that gave the name, for the message.

    Returns:
        The device.

    Raises:
        SemisupError: If this machine has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        found = torch.device(name)
        torch.empty(0, device=found).cpu()
    except (RuntimeError, AssertionError, ImportError) as error:  # torch has one for each kind of device
        raise SemisupError(f"there is no device {option}={name}; auto takes the best one there is.") from error
    return found


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a result depends on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
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
