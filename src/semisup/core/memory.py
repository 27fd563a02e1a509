"""How much memory a process has taken, and how much there is."""

import os
import sys
from pathlib import Path

GIGABYTE = 1e9


def peak_memory() -> int | None:
    """The most memory that this process has held; on Linux, without mapped files, which the system can drop.

    Returns:
        Bytes; None where the system does not say.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        sizes = dict(line.split(":", 1) for line in lines if line.startswith(("VmHWM:", "RssFile:")))
        peak, mapped = (int(sizes[name].split()[0]) * 1024 for name in ("VmHWM", "RssFile"))
        return max(peak - mapped, 0)
    except (OSError, KeyError, ValueError):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def memory_limit(root: Path = Path("/")) -> int | None:
    """The memory of this machine, or what the process's control groups allow, as in a container or a job of a cluster.

    Args:
        root: Where /proc and /sys are.

    Returns:
        Bytes; None where the system does not say.
    """
    try:
        limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (AttributeError, ValueError, OSError):  # Windows
        return None
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return limits[0]
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            top, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            top, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        group = top / path.lstrip("/")
        for place in (group, *group.parents):
            if place.is_relative_to(top) and (limit := _limit(place / name)) is not None:
                limits.append(limit)
    return min(limits)


def _limit(file: Path) -> int | None:
    """What a control group allows; None for no limit."""
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
