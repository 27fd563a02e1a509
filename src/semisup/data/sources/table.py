"""Rows of numbers instead of images, from CSV, TSV or text in columns."""

import hashlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.core.ranges import Fraction, UserPath, enforce_ranges
from semisup.data.sources.holdout import carve_test
from semisup.data.sources.table_file import NumberTable, read_table
from semisup.data.store import FORMAT, UNKNOWN, Store, open_store, store_folder
from semisup.data.store_writer import Arrays, write_store


@enforce_ranges
def table(
    data_dir: Path | UserPath,
    path: UserPath,
    label: str | int | None = None,
    test_fraction: Fraction = 0.2,
    test_path: UserPath | None = None,
    header: bool | None = None,
    missing: Sequence[str | int] | None = None,
) -> Store:
    """Rows of numbers with a label, as (N, D) float32. The file is imported again when it has changed.

    A row whose label is empty or says that it is missing is unlabeled. Labels may be words or numbers; 1.0 means 1.

    Args:
        data_dir: The directory of all data.
        path: The file.
        label: The column of the label, by name or by number from 0 (negative: from the end); None = the last one.
        test_fraction: The fraction of each class's labeled rows that is the test set, if there is no `test_path`.
        test_path: The file of the test set.
        header: Whether the first row names the columns; None = as it looks.
        missing: The words for a missing label, beside an empty cell; None = those of R, pandas, SQL and Excel, and -1
            if it is not one of two classes.

    Returns:
        The store.

    Raises:
        SemisupError: If the file cannot be read, or a cell is no number; the message names line and column.
    """
    files = [Path(name).expanduser() for name in (path, test_path) if name is not None]
    words = None if missing is None else [str(word) for word in missing]
    options = (FORMAT, "missing words", label, test_fraction, test_path is None, header, words)
    digest = hashlib.sha256(repr(options).encode())
    for file in files:
        digest.update(hashlib.sha256(_content(file)).digest())
    folder = store_folder(data_dir, f"{files[0].stem}-{digest.hexdigest()[:8]}")
    if not folder.exists():
        rows = read_table(files[0], label, header, words)
        classes, targets = _encode(files[0], rows.labels)
        _report_missing(files[0], rows)
        stay, unlabeled = np.flatnonzero(targets != UNKNOWN), np.flatnonzero(targets == UNKNOWN)
        if test_path is None:
            stay, test = (stay[part] for part in carve_test(targets[stay], test_fraction))
            tested = rows.values[test], targets[test]
        else:
            tested = _read_test(files[1], read_table(files[1], label, header, words), rows, classes)
        train, extra = ((rows.values[part], targets[part]) for part in (stay, unlabeled))
        lines = [f"{files[0].name}:{rows.lines[row]}" for row in (*stay, *unlabeled)]
        columns = rows.columns if len({*rows.columns}) == len(rows.columns) else ()
        write_store(folder, folder.name, classes, train, tested, extra, lines, columns)
    return open_store(folder)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SemisupError(f"the table {file} cannot be read: {error.strerror}.") from error


def _encode(file: Path, labels: list[str | None]) -> tuple[list[str], NDArray[np.int64]]:
    """The sorted classes (numbers by value) and each row's target, -1 without a label."""
    names = {label for label in labels if label is not None}
    for name in names:
        if re.fullmatch(r"[+-]?\d*\.\d+(e[+-]?\d+)?", name.lower()):
            raise SemisupError(f"{file} has the label {name}, a measurement and no class; set data.label to another.")
    if len(names) < 2:
        found = f"only one class, '{names.pop()}'" if names else "no label at all"
        raise SemisupError(f"{file} has {found} in its label column; add a second one, or set data.label to another.")
    if len(names) > 2 and len(names) == sum(label is not None for label in labels):
        raise SemisupError(f"every labeled row of {file} is a class of its own; set data.label to the label's column.")
    numeric = all(re.fullmatch(r"[+-]?\d+", name) for name in names)
    classes = sorted(names, key=lambda name: (int(name) if numeric else 0, name))
    index = {name: target for target, name in enumerate(classes)}
    targets = [UNKNOWN if label is None else index[label] for label in labels]
    return classes, np.array(targets, dtype=np.int64)


def _report_missing(file: Path, rows: NumberTable) -> None:
    """Says which words were taken as missing labels, on stderr, as other programs may read stdout."""
    counts = {word: count for word, count in rows.missing.items() if word}
    if counts:
        words = ", ".join(f"'{word}' in {count:,}" for word, count in counts.items())
        print(
            f"{file}: {rows.missing.total():,} of {len(rows.labels):,} rows are unlabeled; taken as a missing label: "
            f"{words}. If one is a class, list the other words with data.missing=[...].",
            file=sys.stderr,
        )


def _read_test(file: Path, test: NumberTable, train: NumberTable, classes: list[str]) -> Arrays:
    """The rows of the test file, which must have the columns of the training file, a label each and no new class."""
    if test.values.shape[1] != train.values.shape[1]:
        expected, found = train.values.shape[1], test.values.shape[1]
        raise SemisupError(f"the test table {file} has {found} columns of numbers; the other table has {expected}.")
    if train.columns and test.columns and train.columns != test.columns:
        pair = next(pair for pair in zip(test.columns, train.columns, strict=True) if pair[0] != pair[1])
        raise SemisupError(f"the test table {file} has a column '{pair[0]}' where the other table has '{pair[1]}'.")
    for line, name in zip(test.lines, test.labels, strict=True):
        if name not in classes:
            found = "no label" if name is None else f"the label '{name}', which no row of the other table has"
            raise SemisupError(f"{file}, line {line}: a test row with {found}; fix or delete it.")
    return test.values, np.array([classes.index(str(name)) for name in test.labels], dtype=np.int64)
