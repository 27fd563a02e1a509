"""Files and folders that are complete or absent, whatever stops the program.

Each is written under a temporary name beside its place, which no two processes share, and renamed at the end.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semisup.core.errors import SemisupError


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
        with _named_in_errors(file):
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
    try:
        with _named_in_errors(folder):
            temporary.mkdir(parents=True)
            yield temporary
            try:
                temporary.rename(folder)
            except OSError:
                if not folder.exists():
                    raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _named_in_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SemisupError(f"{path} could not be written ({error.strerror or error}); nothing was kept.") from error
