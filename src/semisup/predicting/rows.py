"""The rows of a table that is to be labeled, CSV or Parquet, read one after another."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError, did_you_mean
from semisup.data.sources.table_file import MISSING, cells, is_number

Row = tuple[int, Callable[[], NDArray[np.float32]]]
PARQUET = {".parquet", ".pq"}


def open_table(file: Path, columns: int, names: Sequence[str], label: str | int | None) -> Iterator[Row]:
    """Of each row its line in the file (of Parquet its number, from 1), and a function that gives its (D,) float32.

    It raises ValueError for a row with a cell that is no finite number. The columns are found by the names that the
    training table gave them, and others are left out. Where either table has no names, they are taken to be in the
    same order; the label's may be there (`label` as data.label has it, None = the last one) and is left out. Raises
    SemisupError if a column is missing, or without names if there are fewer or more.
    """
    if file.is_dir():
        raise SemisupError(f"images={file} is a folder, and the run is of a table: give a CSV or Parquet file.")
    if file.suffix.lower() in PARQUET:
        yield from parquet_rows(file, columns, names, label)
        return
    rows = cells(file)
    line, first = next(rows, (0, []))
    if not first:
        raise SemisupError(f"The table {file} is empty.")
    named = label in first or (names and {*names} <= {*first}) or not any(map(is_number, first))
    header = named or first == [str(place) for place in range(len(first))]
    kept = places(file, first, columns, names, label) if header else features(file, len(first), columns, label, None)
    names = first if header else [str(place) for place in range(len(first))]
    for number, row in rows if header else chain([(line, first)], rows):
        yield number, partial(numbers, row, kept, names)


def parquet_rows(file: Path, columns: int, names: Sequence[str], label: str | int | None) -> Iterator[Row]:
    from pyarrow import ArrowException, parquet

    try:
        table = parquet.ParquetFile(file)
    except (ArrowException, OSError) as error:
        raise SemisupError(f"The table {file} cannot be read as Parquet ({str(error).rstrip('.')}).") from error
    there = table.schema_arrow.names
    kept = places(file, there, columns, names, label)
    number = 0
    for batch in table.iter_batches(batch_size=4096):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            number += 1
            yield number, partial(numbers, ["" if value is None else str(value) for value in row], kept, there)


def places(file: Path, there: Sequence[str], columns: int, names: Sequence[str], label: str | int | None) -> list[int]:
    """The places of the run's columns among those of a file: by name if the run has names, else as `features`."""
    if not names:
        return features(file, len(there), columns, label, there)
    for name in names:
        if there.count(name) != 1:
            found = "several columns" if name in there else "no column"
            raise SemisupError(f"{file} has {found} '{name}', as the run's table has one; {did_you_mean(name, there)}")
    return [there.index(name) for name in names]


def features(file: Path, there: int, columns: int, label: str | int | None, names: Sequence[str] | None) -> list[int]:
    """The places of the columns of numbers: all, or all but the label's. names: of the columns, if they have any."""
    if there == columns:
        return [*range(there)]
    if there != columns + 1:
        raise SemisupError(
            f"{file} has {there} columns; the run's table has {columns} columns of numbers, and a label."
        )
    if isinstance(label, str):
        if names is None or label not in names:
            raise SemisupError(f"{file} has a column too many and none that is called '{label}', as the label was.")
        left_out = [*names].index(label)
    else:
        left_out = (-1 if label is None else label) % there
    return [place for place in range(there) if place != left_out]


def numbers(row: Sequence[str], kept: Sequence[int], names: Sequence[str]) -> NDArray[np.float32]:
    """The kept cells of a row. names: of all columns. Raises ValueError where one is no finite number."""
    if len(row) != len(names):
        raise ValueError(f"{len(row)} columns instead of {len(names)}")
    for place in kept:
        if not is_number(row[place]):
            missing = row[place].casefold() in MISSING
            raise ValueError(
                f"column {names[place]}: " + ("no value" if missing else f"'{row[place]}' is no usable number")
            )
    return np.array([float(row[place]) for place in kept], dtype=np.float32)
