"""A lock on an open file or folder, which ends with the process."""

try:
    import fcntl
except ImportError:  # Windows, where nothing is locked
    fcntl = None  # type: ignore[assignment]


def has_locks() -> bool:
    """Whether the operating system has such locks."""
    return fcntl is not None


def try_lock(descriptor: int) -> bool | None:
    """Locks an open file or folder, if nobody else has.

    Args:
        descriptor: Of the file or folder. The lock ends when it is closed.

    Returns:
        Whether it is locked now; None where the system knows no locks.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
