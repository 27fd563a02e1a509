"""Reads a text file of numbers and labels; messages name the line and column of a cell that is wrong."""

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
_LARGEST = float(np.finfo(np.float32).max)
_Row = tuple[int, list[str]]  # line number in the file, cells


@dataclass(frozen=True)
class NumberTable:
    """Rows of numbers with a label.

    Args:
        values: (N, D) float32.
        labels: N names; None = missing.
        lines: The line of each row in the file, from 1.
        columns: The D names; empty if the file has no header.
    """

    values: NDArray[np.float32]
    labels: list[str | None]
    lines: list[int]
    columns: list[str]


def read_table(file: Path, label: str | int | None) -> NumberTable:
    """Reads CSV, TSV or text in columns, with or without a header.

    Args:
        file: The file.
        label: The column of the label, by name or by number from 0 (negative: from the end); None = the last one.

    Returns:
        The rows that are not blank.

    Raises:
        SemisupError: If there are none, rows have different lengths, or a cell is no number.
    """
    rows = list(read_cells(file))
    if not rows:
        raise SemisupError(f"the table {file} is empty.")
    header = rows[0][1] if isinstance(label, str) or _is_header(rows, -1 if label is None else label) else []
    names = header or [str(number) for number in range(len(rows[0][1]))]
    column = _find_column(file, names, label)
    values, labels, lines = [], [], []
    for line, row in rows[1:] if header else rows:
        if len(row) != len(names):
            raise SemisupError(f"{file}, line {line}: {len(row)} columns where line {rows[0][0]} has {len(names)}.")
        name = row.pop(column)
        labels.append(None if name.casefold() in MISSING else _without_zeros(name))
        values.append(_numbers(file, line, row, names[:column] + names[column + 1 :]))
        lines.append(line)
    if not values or not len(values[0]):
        raise SemisupError(f"the table {file} has no {'rows below its header' if header else 'columns of numbers'}.")
    return NumberTable(np.stack(values), labels, lines, header[:column] + header[column + 1 :])


def read_cells(file: Path) -> Iterator[_Row]:
    """Reads the rows that are not blank, split at the separator of the first line: tab, semicolon, comma or space.

    Args:
        file: The file, in UTF-8.

    Yields:
        The line on which a row starts, from 1, and its cells without white space around them.

    Raises:
        SemisupError: If the file is not text in UTF-8, or its quotes are wrong.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SemisupError(f"the table {file} is not text in UTF-8 ({error.reason}); save it as CSV.") from error
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = next((mark for mark in "\t;," if mark in first), None)
    try:
        if separator is None:
            lines = enumerate(text.splitlines(), start=1)
            yield from ((number, line.split()) for number, line in lines if line.strip())
            return
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
        number = 1  # of the line on which a row starts
        for row in reader:
            if any(cell.strip() for cell in row):
                yield number, [cell.strip() for cell in row]
            number = reader.line_num + 1
    except csv.Error as error:
        raise SemisupError(f"{file}, line {reader.line_num}: {error}.") from error


def _is_header(rows: list[_Row], column: int) -> bool:
    """Whether the first row is a header.

    It is if none of its cells except the label is a number; if only its label is a word; or if it numbers the columns
    from 0, as some tools do for columns without names.
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


def _find_column(file: Path, names: list[str], label: str | int | None) -> int:
    """The place of the label among the columns, from 0."""
    if isinstance(label, str):
        if label not in names:
            raise SemisupError(f"{file} has no column '{label}' in its first line: {did_you_mean(label, names)}")
        return names.index(label)
    column = -1 if label is None else label
    if not -len(names) <= column < len(names):
        raise SemisupError(f"{file} has no column {column}: it has {len(names)}, numbered from 0.")
    return column % len(names)


def _numbers(file: Path, line: int, row: list[str], names: list[str]) -> NDArray[np.float32]:
    """One row's features, (D,)."""
    for cell, name in zip(row, names, strict=True):
        if not is_number(cell):
            wrong = "a value is missing" if cell.casefold() in MISSING else f"'{cell}' is not a number, or too large"
            raise SemisupError(f"{file}, line {line}, column '{name}': {wrong}; fix it or delete the row.")
    return np.array([float(cell) for cell in row], dtype=np.float32)


def is_number(cell: str) -> bool:
    """Tells whether a cell is a finite number that float32 can hold.

    Args:
        cell: The text of a cell.

    Returns:
        True for such a number.
    """
    try:
        return abs(float(cell)) <= _LARGEST and "_" not in cell  # Python alone reads 1_000
    except ValueError:
        return False


def _without_zeros(label: str) -> str:
    """The label, 1.0 as 1: tools write whole numbers so in a column with gaps."""
    match = re.fullmatch(r"([+-]?\d+)\.0*", label)
    return match.group(1) if match else label
