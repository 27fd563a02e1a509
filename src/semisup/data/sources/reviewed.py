"""Labels that a person gave to pictures of a folder: a CSV of path and label, as the review page downloads it."""

import csv
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from semisup.core.errors import SemisupError, did_you_mean
from semisup.data.sources.layout import ImageFiles, Layout


class Row(NamedTuple):
    """line: of the file, from 1. label: empty where nobody has said."""

    line: int
    path: str
    label: str


def with_labels(layout: Layout, file: Path) -> Layout:
    """The layout whose unlabeled pictures that `file` gives a class are `reviewed` ones instead.

    Paths are absolute, or relative to the root or to its folder `unlabeled`. Rows without a label are passed over; rows
    that say of a picture what its class folder says change nothing. Raises SemisupError, naming the line, for a path or
    class that is not there, and for a label that contradicts another one or the picture's class folder.
    """
    known = {
        path: layout.classes[target]
        for part in (layout.labeled, layout.test)
        if part
        for path, target in zip(part.paths, part.targets, strict=True)
    }
    unlabeled = set(layout.unlabeled.paths)
    given: dict[Path, Row] = {}
    empty = 0
    for row in read_rows(file):
        where = f"{file}, line {row.line}"
        path = next((path for path in candidates(layout.root, row.path) if path in known or path in unlabeled), None)
        if path is None:
            raise SemisupError(
                f"{where}: {layout.root} has no picture '{row.path}'; paths are relative to that folder or its "
                f"folder 'unlabeled', or absolute."
            )
        if not row.label.strip():
            empty += 1
            continue
        if row.label not in layout.classes:
            raise SemisupError(f"{where}: there is no class '{row.label}'; {did_you_mean(row.label, layout.classes)}")
        if known.get(path, row.label) != row.label:
            raise SemisupError(
                f"{where}: {path} is to be '{row.label}' but lies in the folder of '{known[path]}'; move the picture, "
                "or take the row out."
            )
        first = given.setdefault(path, row)
        if first.label != row.label:
            raise SemisupError(f"{where}: '{row.path}' is '{row.label}' here and '{first.label}' in line {first.line}.")
    if not given:
        raise SemisupError(f"data.labels_file={file} has no label in it; leave the option out to train without.")
    return divided(layout, {path: row.label for path, row in given.items()}, file, empty)


def divided(layout: Layout, label: dict[Path, str], file: Path, empty: int) -> Layout:
    """The layout with those of the unlabeled pictures that have a label as reviewed ones, in the order they had."""
    reviewed = [path for path in layout.unlabeled.paths if path in label]
    hidden = [path for path in layout.unlabeled.paths if path not in label]
    target = {name: number for number, name in enumerate(layout.classes)}
    note = f"{file}: labels of {len(reviewed):,} unlabeled pictures"
    if named := len(label) - len(reviewed):
        note += f", {named:,} that their class folders say as well"
    if empty:
        note += f", {empty:,} rows without a label"
    return replace(
        layout,
        reviewed=ImageFiles(reviewed, np.array([target[label[path]] for path in reviewed], dtype=np.int64)),
        unlabeled=ImageFiles(hidden, np.full(len(hidden), -1)),
        notes=[*layout.notes, f"{note}."],
    )


def candidates(root: Path, path: str) -> Iterator[Path]:
    """Where the picture of this name may lie."""
    for folder in (root, root / "unlabeled"):
        yield Path(os.path.normpath(folder / path))
    if os.path.isabs(path):  # by way of a link
        yield Path(path).parent.resolve() / Path(path).name


def read_rows(file: Path) -> Iterator[Row]:
    """The rows of a CSV with at least the columns path and label. Raises SemisupError if it is not one."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines, restval="")
            columns = table.fieldnames or []
            for name in ("path", "label"):
                if columns.count(name) != 1:
                    found = ", ".join(columns) or "none"
                    raise SemisupError(f"{file} needs one column path and one column label; it has {found}.")
            for cells in table:
                yield Row(table.line_num, cells["path"], cells["label"])
    except FileNotFoundError as error:
        raise SemisupError(f"data.labels_file={file}: there is no such file.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SemisupError(f"data.labels_file={file} is not a readable CSV ({error}).") from error
