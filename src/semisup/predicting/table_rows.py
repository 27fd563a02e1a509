"""The rows of a table that is to be predicted, CSV or Parquet, read one after another."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError, did_you_mean
from semisup.data.sources.table_file import is_number
from semisup.data.text_cells import MISSING, read_cells

PARQUET = {".parquet", ".pq"}
_Row = tuple[int, Sequence[str]]  # the line, and its cells


def table_rows(
    file: Path, columns: int, names: Sequence[str], label: str | int | None
) -> Iterator[tuple[int, Callable[[], NDArray[np.float32]]]]:
    """The rows of a table, as the network takes them.

    Columns are found by the names that the training table gave them, and other columns are left out. Where one of the
    two tables has no names, the columns are in the same order; the label's may be among them and is left out.

    Args:
        file: A CSV or Parquet file.
        columns: D, the number of the run's columns.
        names: Their names; empty if the training table had none.
        label: The label's column as in `data.label`: a name, a number from 0, or None for the last one.

    Yields:
        The line in the file, from 1 (of Parquet the row), and a function that returns the row's (D,) float32. It
        raises ValueError where a value is missing or no finite number.

    Raises:
        SemisupError: If the file cannot be read, or its columns do not fit the run.
    """
    if file.is_dir():
        raise SemisupError(f"images={file} is a folder, and the run is of a table: give a CSV or Parquet file.")
    header, has_names, rows = _open_parquet(file) if file.suffix.lower() in PARQUET else _open_text(file, names, label)
    if names and has_names:
        kept = _named_columns(file, header, names)
    else:
        kept = feature_columns(file, len(header), columns, label, header if has_names else None)
    for line, row in rows:
        yield line, partial(_numbers, row, kept, header)


def feature_columns(
    file: Path, count: int, columns: int, label: str | int | None, header: Sequence[str] | None
) -> list[int]:
    """The places of the columns of numbers: all columns, or all but the label's.

    Args:
        file: The table, for messages.
        count: The number of its columns.
        columns: D, the number of the run's columns.
        label: The label's column as in `data.label`.
        header: The names of the table's columns; None if it has none.

    Returns:
        D places, from 0.

    Raises:
        SemisupError: If the table has another number of columns, or none with the label's name.
    """
    if count == columns:
        return [*range(count)]
    if count != columns + 1:
        raise SemisupError(
            f"{file} has {count} columns; the run's table has {columns} columns of numbers, and a label."
        )
    if isinstance(label, str):
        if header is None or label not in header:
            raise SemisupError(f"{file} has one column too many, and none of them has the label's name, '{label}'.")
        left_out = [*header].index(label)
    else:
        left_out = (-1 if label is None else label) % count
    return [place for place in range(count) if place != left_out]


def _open_text(file: Path, names: Sequence[str], label: str | int | None) -> tuple[list[str], bool, Iterator[_Row]]:
    """The names of the columns (numbers from 0 if the file has none), whether it has names, and the rows."""
    rows = read_cells(file)
    line, first = next(rows, (0, []))
    if not first:
        raise SemisupError(f"the table {file} is empty.")
    numbered = [str(place) for place in range(len(first))]
    has_names = label in first or (names and {*names} <= {*first}) or not any(map(is_number, first))
    if has_names or first == numbered:
        return first, True, rows
    return numbered, False, chain([(line, first)], rows)


def _open_parquet(file: Path) -> tuple[list[str], bool, Iterator[_Row]]:
    """The same of a Parquet file, whose columns have names."""
    from pyarrow import ArrowException, parquet

    try:
        table = parquet.ParquetFile(file)
    except (ArrowException, OSError) as error:
        raise SemisupError(f"the table {file} cannot be read as Parquet ({str(error).rstrip('.')}).") from error
    rows = (
        ["" if value is None else str(value) for value in row]
        for batch in table.iter_batches(batch_size=4096)
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    )
    return table.schema_arrow.names, True, enumerate(rows, start=1)


def _named_columns(file: Path, header: Sequence[str], names: Sequence[str]) -> list[int]:
    """The places of the run's columns among those of a file. SemisupError unless each occurs once."""
    for name in names:
        if header.count(name) != 1:
            found = "several columns" if name in header else "no column"
            raise SemisupError(f"{file} has {found} '{name}', as the run's table has one; {did_you_mean(name, header)}")
    return [header.index(name) for name in names]


def _numbers(row: Sequence[str], kept: Sequence[int], header: Sequence[str]) -> NDArray[np.float32]:
    """The kept cells of a row. ValueError if one is no finite number."""
    if len(row) != len(header):
        raise ValueError(f"{len(row)} columns instead of {len(header)}")
    for place in kept:
        if not is_number(row[place]):
            wrong = "no value" if row[place] in MISSING else f"'{row[place]}' is no usable number"
            raise ValueError(f"column {header[place]}: {wrong}")
    return np.array([float(row[place]) for place in kept], dtype=np.float32)
