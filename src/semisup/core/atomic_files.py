"""Files and folders that are complete or absent, whatever stops the program.

Each is written under a temporary name beside its place, which no two processes share, and renamed at the end.
"""

import glob
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semisup.core.errors import SemisupError
from semisup.core.try_lock import has_locks, try_lock

_GRACE = 60  # seconds, in which another process locks the temporary folder that it has just made


@contextmanager
def atomic_write(file: Path) -> Iterator[Path]:
    """Writes a file under a temporary name, and renames it when the block has ended without an error.

    Args:
        file: The file to write. One that exists is replaced.

    Yields:
        The temporary file, with the suffix of `file`.

    Raises:
        SemisupError: If it cannot be written.
    """
    temporary = file.with_name(f".{file.stem}.tmp-{uuid.uuid4().hex}{file.suffix}")
    try:
        with named_in_errors(file):
            yield temporary
            os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def atomic_write_text(file: Path, text: str) -> None:
    """Writes a text as UTF-8.

    Args:
        file: The file to write. One that exists is replaced.
        text: Its content.

    Raises:
        SemisupError: If it cannot be written.
    """
    with atomic_write(file) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Makes a folder under a temporary name, and renames it when the block has ended without an error.

    If another process has made the folder meanwhile, that one stays: two runs may import the same data.

    Args:
        folder: The folder to make, with its parents.

    Yields:
        The temporary folder, which is empty.

    Raises:
        SemisupError: If it cannot be written.
    """
    temporary = folder.with_name(f".{folder.name}.tmp-{uuid.uuid4().hex}")
    descriptor = None
    try:
        with named_in_errors(folder):
            temporary.mkdir(parents=True)
            if has_locks():
                descriptor = os.open(temporary, os.O_RDONLY)
                try_lock(descriptor)  # tells others that it is not abandoned
                _delete_abandoned(folder)
            yield temporary
            try:
                temporary.rename(folder)
            except OSError:
                if not folder.exists():
                    raise
    finally:
        if descriptor is not None:
            os.close(descriptor)
        shutil.rmtree(temporary, ignore_errors=True)


def _delete_abandoned(folder: Path) -> None:
    """Deletes the temporary folders of processes that were killed: nobody holds their lock."""
    for other in folder.parent.glob(f".{glob.escape(folder.name)}.tmp-*"):
        try:
            descriptor = os.open(other, os.O_RDONLY)
        except OSError:  # renamed by its process meanwhile
            continue
        if try_lock(descriptor) and time.time() - os.fstat(descriptor).st_mtime > _GRACE:
            shutil.rmtree(other, ignore_errors=True)
        os.close(descriptor)


@contextmanager
def named_in_errors(path: Path) -> Iterator[None]:
    """Names the file or folder that could not be written, as on a full disk.

    Args:
        path: What the block writes.

    Yields:
        Nothing.

    Raises:
        SemisupError: If the system refuses to write.
    """
    try:
        yield
    except OSError as error:
        raise SemisupError(f"{path} could not be written ({error.strerror or error}); nothing was kept.") from error
