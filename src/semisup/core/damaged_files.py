"""Files of ours that are damaged, in one sentence."""

import csv
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import yaml

from semisup.core.errors import SemisupError


@contextmanager
def checked(file: Path, remedy: str = "") -> Iterator[Path]:
    """Says in one sentence what is wrong with a file that the block reads.

    Args:
        file: The file.
        remedy: What the user can do, as the end of the sentence.

    Yields:
        The same file.

    Raises:
        SemisupError: If the block fails because the file is missing or damaged, or not one of ours.
    """
    end = f": {remedy}." if remedy else "."
    try:
        yield file
    except OSError as error:
        raise SemisupError(f"{file} cannot be read: {error.strerror or error}{end}") from error
    except (ValueError, EOFError, BadZipFile, zlib.error, csv.Error, yaml.YAMLError) as error:
        raise SemisupError(f"{file} cannot be read: {' '.join(str(error).split()).rstrip('.')}{end}") from error
    except KeyError as error:
        raise SemisupError(f"{file} lacks {error}{end}") from error
    except (TypeError, AttributeError, IndexError, RecursionError) as error:
        raise SemisupError(f"{file} is not as this program writes it{end}") from error


def read_json(file: Path, remedy: str = "") -> dict[str, Any]:
    """Reads a JSON object.

    Args:
        file: The file.
        remedy: What the user can do if it is damaged, as the end of the sentence.

    Returns:
        Its values by name.

    Raises:
        SemisupError: If the file is missing or damaged.
    """
    with checked(file, remedy):
        values = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise TypeError
        return values
