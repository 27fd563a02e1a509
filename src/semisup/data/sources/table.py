"""Numbers instead of images: one row per example, from CSV, TSV or text in columns."""

import hashlib
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.data.sources.holdout import carve_test
from semisup.data.sources.table_file import Table, read_table
from semisup.data.store import (
    FORMAT,
    UNKNOWN,
    Store,
    finish_store,
    open_store,
    store_folder,
    write_array,
    written_atomically,
)


def table(
    data_dir: Path,
    path: str,
    label: str | int | None = None,
    test_fraction: float = 0.2,
    test_path: str | None = None,
) -> Store:
    """Rows of numbers with a label as (N, D) float32; imported once, then reopened until the file changes.

    label: the label's column, by name or by number from 0 (negative: from the end); the last one if None. A row whose
    label is empty, `?` or `nan` is unlabeled: its target is -1. Labels may be words or numbers, 1.0 reads as 1. The
    test set is `test_path`, or else `test_fraction` of the labeled rows of each class, drawn with seed 0.
    Raises SemisupError naming line and column of what is not a number.
    """
    files = [Path(name).expanduser() for name in (path, test_path) if name is not None]
    digest = hashlib.sha256(repr((FORMAT, label, test_fraction, test_path is None)).encode())
    for file in files:
        digest.update(hashlib.sha256(content(file)).digest())
    folder = store_folder(data_dir, f"{files[0].stem}-{digest.hexdigest()[:8]}")
    if not folder.exists():
        rows = read_table(files[0], label)
        classes, targets = encode(files[0], rows.labels)
        if test_path is None:
            known = np.flatnonzero(targets != UNKNOWN)
            stay, test = (known[part] for part in carve_test(targets[known], test_fraction))
            tested = rows.values[test], targets[test]
        else:
            stay, tested = np.flatnonzero(targets != UNKNOWN), read_test(files[1], label, rows, classes)
        pool = np.concatenate([stay, np.flatnonzero(targets == UNKNOWN)])
        lines = [f"{files[0].name}:{rows.lines[row]}" for row in pool]
        write(folder, classes, (rows.values[pool], targets[pool]), tested, len(stay), lines, rows.columns)
    return open_store(folder)


def content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SemisupError(f"The table {file} cannot be read: {error.strerror}.") from error


def encode(file: Path, labels: list[str | None]) -> tuple[list[str], NDArray[np.int64]]:
    """The sorted classes (numbers by value) and each row's target, -1 without a label."""
    names = {label for label in labels if label is not None}
    for name in names:
        if re.fullmatch(r"[+-]?\d*\.\d+(e[+-]?\d+)?", name.lower()):
            raise SemisupError(
                f"{file} has {name} as a label, a measurement and not a class; set data.label to another."
            )
    if len(names) < 2:
        found = f"only one class, '{names.pop()}'" if names else "no label at all"
        raise SemisupError(f"{file} has {found} in its label column; at least two are needed, or another data.label.")
    if len(names) > 2 and len(names) == sum(label is not None for label in labels):
        raise SemisupError(f"Every labeled row of {file} is a class of its own; set data.label to the label's column.")
    numeric = all(re.fullmatch(r"[+-]?\d+", name) for name in names)
    classes = sorted(names, key=lambda name: (int(name) if numeric else 0, name))
    index = {name: target for target, name in enumerate(classes)}
    targets = [UNKNOWN if label is None else index[label] for label in labels]
    return classes, np.array(targets, dtype=np.int64)


def read_test(
    file: Path, label: str | int | None, train: Table, classes: list[str]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The rows of the test file, which must have the columns of the training file, a label each and no new class."""
    test = read_table(file, label)
    if test.values.shape[1] != train.values.shape[1]:
        expected, found = train.values.shape[1], test.values.shape[1]
        raise SemisupError(f"The test table {file} has {found} columns of numbers where the other one has {expected}.")
    if train.columns and test.columns and train.columns != test.columns:
        pair = next(pair for pair in zip(test.columns, train.columns, strict=True) if pair[0] != pair[1])
        raise SemisupError(f"The test table {file} has a column '{pair[0]}' where the other one has '{pair[1]}'.")
    for line, name in zip(test.lines, test.labels, strict=True):
        if name not in classes:
            found = "no label" if name is None else f"the label '{name}', which no row of the other table has"
            raise SemisupError(f"{file}, line {line}: a test row with {found}; mend it or take it out.")
    return test.values, np.array([classes.index(str(name)) for name in test.labels], dtype=np.int64)


def write(
    folder: Path,
    classes: list[str],
    pool: tuple[NDArray[np.float32], NDArray[np.int64]],
    test: tuple[NDArray[np.float32], NDArray[np.int64]],
    labelable: int,
    lines: list[str],
    columns: list[str],
) -> None:
    with written_atomically(folder) as draft:
        for prefix, (values, targets) in (("", pool), ("test_", test)):
            write_array(draft / f"{prefix}images.npy", [values], values.shape, "float32")
            write_array(draft / f"{prefix}targets.npy", [targets], targets.shape, "int64")
        finish_store(draft, folder.name, classes, labelable, lines, columns if len({*columns}) == len(columns) else ())
