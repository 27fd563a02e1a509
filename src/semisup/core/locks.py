"""Locks that end with the process that holds them, however it ends: nobody has to find out whether one is stale."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from semisup.core.atomic_files import named_in_errors
from semisup.core.errors import SemisupError
from semisup.core.try_lock import try_lock

LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps other processes from training in a folder, by a file that says who does.

    Args:
        folder: The run's. It is made if it is not there.

    Yields:
        Nothing.

    Raises:
        SemisupError: If another process has locked the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / LOCK
    descriptor = _open_locked(file)
    try:
        who = {"process": os.getpid(), "host": socket.gethostname(), "since": f"{datetime.now():%Y-%m-%d %H:%M:%S}"}
        with named_in_errors(file):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps(who).encode())
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(descriptor)


def refuse_locked(folder: Path) -> None:
    """Refuses a folder that another process has locked; otherwise nothing is changed.

    Args:
        folder: The run's, which may not exist.

    Raises:
        SemisupError: If it is locked.
    """
    if (folder / LOCK).exists():
        os.close(_open_locked(folder / LOCK))


def _open_locked(file: Path) -> int:
    """Opens and locks a file that is still in its place when it is locked: its last owner may just have deleted it."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        if try_lock(descriptor) is False and (who := _owner(file)) is not None:
            os.close(descriptor)
            raise SemisupError(f"{file.parent} is already being trained by {who}: wait for it, or stop it first.")
        try:
            if os.path.samestat(os.stat(file), os.fstat(descriptor)):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)


def _owner(file: Path) -> str | None:
    """Who has locked a file; None if that is over."""
    try:
        who = json.loads(file.read_text(encoding="utf-8"))
        return f"process {who['process']} on {who['host']} since {who['since']}"
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):  # it has just been opened
        return "another process"
