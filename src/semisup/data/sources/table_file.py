"""Reads a text file of numbers and labels; messages name the line and column of a cell that is wrong."""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError, did_you_mean
from semisup.data.text_cells import MISSING, Row, read_cells

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class NumberTable:
    """Rows of numbers with a label.

    Args:
        values: (N, D) float32.
        labels: N names; None = missing.
        lines: The line of each row in the file, from 1.
        columns: The D names; empty if the file has no header.
        missing: How many rows have each of the words that were taken as a missing label.
    """

    values: NDArray[np.float32]
    labels: list[str | None]
    lines: list[int]
    columns: list[str]
    missing: Counter[str]


def read_table(
    file: Path, label: str | int | None, header: bool | None = None, missing: Collection[str] | None = None
) -> NumberTable:
    """Reads CSV, TSV or text in columns, with or without a header.

    Args:
        file: The file.
        label: The column of the label, by name or by number from 0 (negative: from the end); None = the last one.
        header: Whether the first row names the columns; None = as it looks.
        missing: The words for a missing label; None = those of R, pandas, SQL and scikit-learn.

    Returns:
        The rows that are not blank.

    Raises:
        SemisupError: If there are none, rows have different lengths, a cell is no number, or the first row may be
            either.
    """
    rows = list(read_cells(file))
    if not rows:
        raise SemisupError(f"the table {file} is empty.")
    if header is None:
        header = isinstance(label, str) or _is_header(file, rows, -1 if label is None else label)
    columns = rows[0][1] if header else []
    names = columns or [str(number) for number in range(len(rows[0][1]))]
    column = _find_column(file, names, label)
    values, labels, lines = [], list[str](), []
    for line, row in rows[1:] if header else rows:
        if len(row) != len(names):
            raise SemisupError(f"{file}, line {line}: {len(row)} columns where line {rows[0][0]} has {len(names)}.")
        name = row.pop(column)
        labels.append(_without_zeros(name))
        values.append(_numbers(file, line, row, names[:column] + names[column + 1 :]))
        lines.append(line)
    if not values or not len(values[0]):
        raise SemisupError(f"the table {file} has no {'rows below its header' if header else 'columns of numbers'}.")
    words = _missing_words(labels) if missing is None else {*missing, ""}
    taken = Counter(name for name in labels if name in words)
    known = [None if name in words else name for name in labels]
    return NumberTable(np.stack(values), known, lines, columns[:column] + columns[column + 1 :], taken)


def _missing_words(labels: list[str]) -> frozenset[str]:
    """The usual words for a missing label; -1, as in scikit-learn, where it leaves at least two classes."""
    classes = {*labels} - MISSING - {"-1"}
    return MISSING | {"-1"} if len(classes) > 1 else MISSING


def _is_header(file: Path, rows: list[Row], column: int) -> bool:
    """Whether the first row is a header.

    It is if none of its cells except the label is a number; if only its label is a word; or if it numbers the columns
    from 0, as some tools do for columns without names. A row of numbers may be a header, too, such as wavelengths: one
    whose label no other row has, while each of theirs is in several rows, is refused.
    """
    first = [row[column] if -len(row) <= column < len(row) else "" for _, row in rows]
    features = [cell for number, cell in enumerate(rows[0][1]) if number != column % len(rows[0][1])]
    if any(cell not in MISSING for cell in features) and not any(map(is_number, features)):
        return True
    if rows[0][1] == [str(number) for number in range(len(rows[0][1]))]:
        return True
    others = Counter(cell for cell in first[1:] if cell not in MISSING)
    if not others or first[0] in MISSING:
        return False
    if not is_number(first[0]) and all(map(is_number, others)):
        return True
    if first[0] not in others and min(others.values()) > 1:
        raise SemisupError(
            f"{file}, line {rows[0][0]} may be a header or a row: no other row has its label '{first[0]}'; say which "
            "with data.header=true or data.header=false."
        )
    return False


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
            wrong = "a value is missing" if cell in MISSING else f"'{cell}' is not a number, or too large"
            if is_number(cell.replace(",", ".")):
                wrong = f"'{cell}' is not a number, as decimals are written with a point"
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
