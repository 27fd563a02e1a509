"""Files that are there whole or not at all, whatever stops the program."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semisup.core.errors import SemisupError


@contextmanager
def atomic_write(file: Path) -> Iterator[Path]:
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


def atomic_write_text(file: Path, text: str) -> None:
    """Writes a text as UTF-8, all of it or nothing. Raises SemisupError, naming the file, if it cannot be written."""
    with atomic_write(file) as draft:
        draft.write_text(text, encoding="utf-8")
