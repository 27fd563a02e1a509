"""Keeps big activations in memory between steps on Linux."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # from malloc.h


def tune_malloc() -> bool:
    """Tells glibc not to give freed blocks back to the system, where it is glibc; says whether it did.

    By default it maps every block above some megabytes anew and faults its pages in at each step, which takes half the
    time of a small network's step on a CPU. Costs the peak memory of a step, for as long as the process lives.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # musl
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, 1 << 30)) and bool(mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1))
