"""One text file of numbers and labels, with every wrong cell named by line and column."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError, did_you_mean

MISSING = {"", "?", "nan"}
LARGEST = float(np.finfo(np.float32).max)
Row = tuple[int, list[str]]  # line number in the file, cells


@dataclass(frozen=True)
class Table:
    """values: (N, D) float32. labels: N names, None = missing. lines: where each row is in the file, from 1.

    columns: the D names, none of them if the file has no header.
    """

    values: NDArray[np.float32]
    labels: list[str | None]
    lines: list[int]
    columns: list[str]


def read_table(file: Path, label: str | int | None) -> Table:
    """Reads CSV, TSV or text in columns, with or without a header; the label is in column `label`, None = the last."""
    rows = list(cells(file))
    if not rows:
        raise SemisupError(f"The table {file} is empty.")
    header = rows[0][1] if isinstance(label, str) or is_header(rows, -1 if label is None else label) else []
    names = header or [str(number) for number in range(len(rows[0][1]))]
    column = find_column(file, names, label)
    values, labels, lines = [], [], []
    for line, row in rows[1:] if header else rows:
        if len(row) != len(names):
            raise SemisupError(f"{file}, line {line}: {len(row)} columns where line {rows[0][0]} has {len(names)}.")
        name = row.pop(column)
        labels.append(None if name.casefold() in MISSING else whole(name))
        values.append(numbers(file, line, row, names[:column] + names[column + 1 :]))
        lines.append(line)
    if not values or not len(values[0]):
        raise SemisupError(f"The table {file} has no {'rows below its header' if header else 'columns of numbers'}.")
    return Table(np.stack(values), labels, lines, header[:column] + header[column + 1 :])


def cells(file: Path) -> Iterator[Row]:
    """The rows that are not blank, split at tabs, semicolons, commas or else white space, as the first line is."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SemisupError(f"The table {file} is not text in UTF-8 ({error.reason}); save it as CSV.") from error
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = next((mark for mark in "\t;," if mark in first), None)
    try:
        if separator is None:
            lines = enumerate(text.splitlines(), start=1)
            yield from ((number, line.split()) for number, line in lines if line.strip())
            return
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise SemisupError(f"{file}, line {reader.line_num}: {error}.") from error


def is_header(rows: list[Row], column: int) -> bool:
    """Whether the first row holds names.

    It does if none of its cells but the label is a number; if only its label is a word; or if it counts the columns
    from 0, as tools do that were given no names.
    """
    first = [row[column] if -len(row) <= column < len(row) else "" for _, row in rows]
    features = [cell for number, cell in enumerate(rows[0][1]) if number != column % len(rows[0][1])]
    if any(cell.casefold() not in MISSING for cell in features) and not any(map(is_number, features)):
        return True
    if rows[0][1] == [str(number) for number in range(len(rows[0][1]))]:
        return True
    others = {cell for cell in first[1:] if cell.casefold() not in MISSING}
    return (
        bool(others) and first[0].casefold() not in MISSING and not is_number(first[0]) and all(map(is_number, others))
    )


def find_column(file: Path, names: list[str], label: str | int | None) -> int:
    """The place of the label among the columns, from 0."""
    if isinstance(label, str):
        if label not in names:
            raise SemisupError(f"{file} has no column '{label}' in its first line: {did_you_mean(label, names)}")
        return names.index(label)
    column = -1 if label is None else label
    if not -len(names) <= column < len(names):
        raise SemisupError(f"{file} has no column {column}: it has {len(names)}, numbered from 0.")
    return column % len(names)


def numbers(file: Path, line: int, row: list[str], names: list[str]) -> NDArray[np.float32]:
    """One row's features. Raises SemisupError naming line and column of the first cell that is no finite number."""
    for cell, name in zip(row, names, strict=True):
        if not is_number(cell):
            wrong = "a value is missing" if cell.casefold() in MISSING else f"'{cell}' is not a number that can be used"
            raise SemisupError(f"{file}, line {line}, column '{name}': {wrong}; mend it or take the row out.")
    return np.array([float(cell) for cell in row], dtype=np.float32)


def is_number(cell: str) -> bool:
    """Whether the cell is a finite number that float32 can hold."""
    try:
        return abs(float(cell)) <= LARGEST and "_" not in cell  # Python alone reads 1_000
    except ValueError:
        return False


def whole(label: str) -> str:
    """The label, 1.0 as 1: tools write whole numbers like that in a column with gaps."""
    match = re.fullmatch(r"([+-]?\d+)\.0*", label)
    return match.group(1) if match else label
