"""What is predicted: one image or table row after another, never all of them in memory."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.data.sources.images import MAX_MEGAPIXELS, decode
from semisup.data.sources.layout import files_below
from semisup.predicting.hashed_names import HashedNames, hash_name
from semisup.predicting.table_rows import table_rows
from semisup.runs.trained_run import TrainedRun

LISTS = {".txt", ".lst", ".list"}
_FORMULA = ("=", "+", "-", "@", "\t")  # a spreadsheet would compute a cell that begins so


@dataclass(frozen=True)
class Sample:
    """One image or row.

    Args:
        name: Its name in the output.
        load: Returns an image (H, W, C) uint8 or a row (D,) float32. Raises ValueError if it cannot be read.
    """

    name: str
    load: Callable[[], NDArray[Any]]


@dataclass(frozen=True)
class SampleSource:
    """Samples in a fixed order.

    Args:
        path: The folder or file that the user named.
        samples: Returns an iterator over all samples, from the first one at each call.
        base: The folder that the samples' names are relative to; None for the rows of a table.
    """

    path: Path
    samples: Callable[[], Iterator[Sample]]
    base: Path | None


def open_samples(
    images: str, run: TrainedRun, exclude: tuple[Path, ...] = (), relative_to: str | None = None
) -> SampleSource:
    """Finds the images of a folder (at any depth), one image, or those of a list; for a table's run, the rows.

    Images are decoded and resized as data=folder does it. A list is a text file with a path a line, relative to the
    current folder; a path that occurs several times counts once.

    Args:
        images: The folder or file; `~` is expanded.
        run: The run that predicts.
        exclude: Files that are left out wherever they are.
        relative_to: A folder above `images` that the names are relative to; None for the images' own.

    Returns:
        The samples. Their files are read later, one by one.

    Raises:
        SemisupError: If there is no such file, or `relative_to` does not fit it.
    """
    path = Path(images).expanduser()
    if not path.exists():
        raise SemisupError(f"images={images}: there is no such file or folder.")
    is_table = len(run.shape) == 1
    is_list = path.is_file() and path.suffix.lower() in LISTS
    if relative_to is not None and (is_table or is_list):
        raise SemisupError(f"relative_to is for a folder of images; {images} gives the names itself.")
    if is_table:
        return SampleSource(path, partial(_rows, path, run), None)
    channels, height, width = run.shape
    excluded = {os.path.abspath(file) for file in exclude}
    largest = run.config["data"].get("max_megapixels", MAX_MEGAPIXELS)
    load = partial(_image, size=(height, width), gray=channels == 1, max_megapixels=largest)
    find = partial(_images, load=load, exclude=excluded)
    if is_list:
        return SampleSource(path, lambda: find(_listed(path), Path()), Path())
    folder = path if path.is_dir() else path.parent
    base = folder if relative_to is None else Path(relative_to).expanduser()
    prefix = Path(os.path.relpath(folder, base))
    if ".." in prefix.parts:
        raise SemisupError(f"relative_to={relative_to} is not a folder above images={images}.")

    def names() -> Iterator[str]:
        for file in files_below(path) if path.is_dir() else [path]:
            name = (prefix / file.relative_to(folder)).as_posix()
            yield f"./{name}" if name.startswith(_FORMULA) else name

    return SampleSource(path, lambda: find(names(), base), base)


def _rows(file: Path, run: TrainedRun) -> Iterator[Sample]:
    """The rows of a table, each called FILE:LINE."""
    for line, load in table_rows(file, run.shape[0], run.columns, run.config["data"].get("label")):
        yield Sample(f"{file.name}:{line}", load)


def _images(
    names: Iterable[str], base: Path, load: Callable[[Path], NDArray[np.uint8]], exclude: set[str]
) -> Iterator[Sample]:
    for name in names:
        if os.path.abspath(base / name) not in exclude:
            yield Sample(name, partial(load, base / name))


def _listed(file: Path) -> Iterator[str]:
    """The paths in a list, each path once; in memory are eight bytes for each of them."""
    repeated, seen = HashedNames(_lines(file)).repeated(), set()
    for name in _lines(file):
        key = hash_name(name)
        if key not in seen:
            yield name
        if key in repeated:
            seen.add(key)


def _lines(file: Path) -> Iterator[str]:
    """The lines of a text that are not blank."""
    with file.open(encoding="utf-8-sig", errors="surrogateescape") as text:
        yield from (line.rstrip("\n") for line in text if line.strip())


def _image(path: Path, size: tuple[int, int], gray: bool, max_megapixels: float) -> NDArray[np.uint8]:
    """An image as an import makes it, (H, W, C) uint8. ValueError if it cannot be read or named in a file of text."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise ValueError("its name is not UTF-8") from error
    if str(path).splitlines() != [str(path)]:
        raise ValueError("its name has a line break")
    try:
        return decode(path, size, gray, max_megapixels)
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
