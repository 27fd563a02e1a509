"""Labels that a person gave to unlabeled images of a folder, such as the CSV that a review page downloads."""

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from semisup.core.errors import SemisupError
from semisup.data.label_table import LabelTable, written_alike
from semisup.data.sources.layout import ImageFiles, Layout
from semisup.data.store import UNKNOWN


def with_labels(layout: Layout, file: Path) -> Layout:
    """Gives unlabeled images the classes that a table says. They keep their places, so that features of them do, too.

    Rows without a label are ignored; so are rows that agree with the image's class folder.

    Args:
        layout: The folder's images.
        file: A table with the columns path and label. Paths are absolute, or relative to the root or to its folder
            `unlabeled`.

    Returns:
        Another layout of the same images.

    Raises:
        SemisupError: For a path or class that does not exist, and for a label that contradicts another one or the
            image's class folder.
    """
    known = {
        path: target
        for part in (layout.labeled, layout.test)
        if part
        for path, target in zip(part.paths, part.targets.tolist(), strict=True)
    }
    places = _Places([*known, *layout.unlabeled.paths])
    table = LabelTable(file, keys=("path",))
    names, targets = table.column("path", missing=""), table.targets(layout.classes)
    given: dict[Path, int] = {}  # the row that labels each image
    for row, (name, target) in enumerate(zip(names, targets.tolist(), strict=True)):
        path = places.find(layout.root, name)
        if path is None:
            raise SemisupError(
                f"{table.where(row)}: {layout.root} has no image '{name}'; paths are relative to that folder or its "
                f"folder 'unlabeled', or absolute."
            )
        if target < 0:
            continue
        if known.get(path, target) != target:
            raise SemisupError(
                f"{table.where(row)}: {path} is labeled '{layout.classes[target]}' but is in the folder of "
                f"'{layout.classes[known[path]]}'; move the image, or delete the row."
            )
        first = given.setdefault(path, row)
        if targets[first] != target:
            raise SemisupError(
                f"{table.where(row)}: '{name}' is '{layout.classes[target]}' here and "
                f"'{layout.classes[targets[first]]}' in {table.place(first)}; delete one of the two."
            )
    if not given:
        raise SemisupError(f"data.labels_file={file} has no label in it; leave the option out to train without.")
    paths = layout.unlabeled.paths
    found = np.array([targets[given[path]] if path in given else UNKNOWN for path in paths], np.int64)
    count = np.count_nonzero(found >= 0)
    note = f"{file}: labels of {count:,} unlabeled images"
    if agreeing := len(given) - count:
        note += f", {agreeing:,} that agree with their class folders"
    if empty := int((targets < 0).sum()):
        note += f", {empty:,} rows without a label"
    return replace(
        layout,
        unlabeled=ImageFiles(paths, found),
        notes=[*layout.notes, f"{note}."],
    )


class _Places:
    """The images of a folder, found by a path as people and other systems write it."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = {str(path): path for path in paths}

    @cached_property
    def alike(self) -> dict[str, Path | None]:
        """Each path by what `written_alike` makes of it; None for several."""
        found: dict[str, Path | None] = {}
        for name, path in self.paths.items():
            key = written_alike(name, path=True)
            found[key] = None if key in found else path
        return found

    def find(self, root: Path, name: str) -> Path | None:
        """The image of this name: relative to the root or to its folder `unlabeled`, or absolute."""
        for candidate in _candidates(root, name):
            if candidate in self.paths:
                return self.paths[candidate]
        loose = (self.alike.get(written_alike(path, path=True)) for path in _candidates(root, name.replace("\\", "/")))
        return next((path for path in loose if path), None)


def _candidates(root: Path, name: str) -> Iterator[str]:
    for folder in (root, root / "unlabeled"):
        yield os.path.normpath(folder / name)
    if os.path.isabs(name):  # through a link
        yield str(Path(name).parent.resolve() / Path(name).name)
