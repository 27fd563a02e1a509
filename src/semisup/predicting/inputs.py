"""What is to be labeled: one item after another, never all of them in memory."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.data.sources.layout import files_below
from semisup.data.sources.pictures import decode
from semisup.predicting.done import hashed
from semisup.predicting.rows import open_table
from semisup.runs.trained_run import TrainedRun

LISTS = {".txt", ".lst", ".list"}


@dataclass(frozen=True)
class Item:
    """name: what it is called in the output. load: gives (H, W, C) uint8 or (D,) float32; ValueError: unreadable."""

    name: str
    load: Callable[[], NDArray[Any]]


@dataclass(frozen=True)
class Inputs:
    """Items in a fixed order, each time anew. place: what their names are relative to; None for a table's rows."""

    where: Path
    items: Callable[[], Iterator[Item]]
    place: Path | None


def open_inputs(images: str, run: TrainedRun, besides: tuple[Path, ...] = (), relative_to: str | None = None) -> Inputs:
    """Pictures of a folder (at any depth), one picture, or those that a text file lists; for a table's run, its rows.

    Pictures are decoded and resized as data=folder does it. A list has a path a line, relative to the current folder;
    one that stands there twice counts once.
    besides: files that are not meant, wherever they lie. relative_to: a folder above the images that their names begin
    in; None = the images' own. Raises SemisupError if there is nothing of the kind.
    """
    where = Path(images).expanduser()
    if not where.exists():
        raise SemisupError(f"images={images}: there is no such file or folder.")
    named = where.is_dir() or where.suffix.lower() not in LISTS
    if relative_to is not None and (len(run.shape) == 1 or not named):
        raise SemisupError(f"relative_to is for a folder of images, and {images} has names of its own.")
    if len(run.shape) == 1:
        return Inputs(where, partial(rows, where, run), None)
    channels, height, width = run.shape

    def pictures(names: Callable[[], Iterator[str]], place: Path) -> Inputs:
        def items() -> Iterator[Item]:
            skipped = {os.path.abspath(path) for path in besides}
            for name in names():
                path = place / name
                if not skipped or os.path.abspath(path) not in skipped:
                    yield Item(name, partial(picture, path, (height, width), channels == 1))

        return Inputs(where, items, place)

    if not named:
        return pictures(lambda: listed(where), Path())
    folder = where if where.is_dir() else where.parent
    place = folder if relative_to is None else Path(relative_to).expanduser()
    way = Path(os.path.relpath(folder, place))
    if ".." in way.parts:
        raise SemisupError(f"relative_to={relative_to} is not a folder above images={images}.")
    if where.is_dir():
        return pictures(lambda: ((way / path.relative_to(where)).as_posix() for path in files_below(where)), place)
    return pictures(lambda: iter([(way / where.name).as_posix()]), place)


def rows(file: Path, run: TrainedRun) -> Iterator[Item]:
    """The rows of a table, each called FILE:LINE."""
    for number, values in open_table(file, run.shape[0], run.columns, run.config["data"].get("label")):
        yield Item(f"{file.name}:{number}", values)


def listed(file: Path) -> Iterator[str]:
    """The lines of a list of paths, each path once: it holds eight bytes for each of them."""
    short, count = np.unique(np.fromiter(map(hashed, lines(file)), np.uint64), return_counts=True)
    repeated, begun = set(short[count > 1].tolist()), set()
    for name in lines(file):
        if (hash_ := hashed(name)) not in begun:
            yield name
        if hash_ in repeated:
            begun.add(hash_)


def lines(file: Path) -> Iterator[str]:
    """The lines of a text that are not blank."""
    with file.open(encoding="utf-8-sig", errors="surrogateescape") as text:
        yield from (line.rstrip("\n") for line in text if line.strip())


def picture(path: Path, size: tuple[int, int], grey: bool) -> NDArray[Any]:
    """The picture as an import makes it, (H, W, C) uint8. Raises ValueError if it cannot be read or named."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise ValueError("its name is not UTF-8") from error
    if str(path).splitlines() != [str(path)]:
        raise ValueError("its name has a line break")
    try:
        return decode(path, size, grey)
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
