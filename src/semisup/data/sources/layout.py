"""The images of a folder, with their classes and parts, found without opening one.

Three layouts are known. Below a class folder, and below `unlabeled`, images may be at any depth:

    ROOT/labeled/<class>/...   ROOT/unlabeled/...   ROOT/test/<class>/...   (the last two are optional)
    ROOT/train/<class>/...     the same, with the other usual name
    ROOT/<class>/...
"""

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.core.text import printable

PARTS = ("labeled", "train", "unlabeled", "test")
# As the name of a class, these are most likely a mistake in the layout: "classes" train and val would be nonsense.
_NOT_CLASSES = {*PARTS, "labelled", "unlabelled", "training", "testing", "val", "valid", "validation", "unsure"}
_NOT_IMAGES = {"thumbs.db", "desktop.ini", "__macosx", "@eadir", "icon\r"}
_BESIDE_IMAGES = {".aae", ".xmp", ".thm", ".mov", ".mp4", ".m4v", ".3gp", ".avi"}  # edits and films of phones, cameras


@dataclass(frozen=True)
class ImageFiles:
    """Image files and their classes.

    Args:
        paths: N paths.
        targets: (N,) int64, -1 = unknown.
    """

    paths: list[Path]
    targets: NDArray[np.int64]


_NONE = ImageFiles([], np.zeros(0, np.int64))


@dataclass(frozen=True)
class Layout:
    """The images below a folder.

    Args:
        root: The folder.
        classes: The names of the classes.
        labeled: The images in class folders.
        unlabeled: The images of the folder `unlabeled`, of unknown class unless a table gives one.
        test: The images of the test folder; None if there is no such folder.
        notes: What was ignored, and other notes for the user.
    """

    root: Path
    classes: tuple[str, ...]
    labeled: ImageFiles
    unlabeled: ImageFiles
    test: ImageFiles | None
    notes: list[str]

    @property
    def paths(self) -> list[Path]:
        """All images of all parts."""
        parts = (self.labeled, self.unlabeled, self.test or _NONE)
        return [path for part in parts for path in part.paths]

    def digest(self, *options: object) -> str:
        """A hash of the files' names, sizes and times.

        Args:
            options: What else the hash depends on.

        Returns:
            Eight hexadecimal digits.
        """
        lines = [repr(options)]
        first = np.argsort(self.unlabeled.targets < 0, kind="stable")  # stores of older versions keep their names
        hidden = [self.unlabeled.paths[row] for row in first]
        for path in [*self.labeled.paths, *hidden, *(self.test or _NONE).paths]:
            status = path.stat() if path.exists() else path.lstat()  # of a link to nowhere, which cannot be read
            lines.append(f"{path.relative_to(self.root)} {status.st_size} {status.st_mtime_ns}")
        return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()[:8]


def read_layout(root: Path) -> Layout:
    """Lists the images of a folder.

    Args:
        root: The folder.

    Returns:
        Its images.

    Raises:
        SemisupError: If the folder has none of the three layouts.
    """
    if not root.is_dir():
        raise SemisupError(f"there is no folder {root}; give the one that holds the images.")
    folders = {folder.name for folder in _subfolders(root)}
    if {"labeled", "train"} <= folders:
        raise SemisupError(f"{root} holds both 'labeled' and 'train'; keep one of them for the labeled images.")
    if not folders & {"labeled", "train"}:
        return _flat_layout(root)
    labeled = root / ("labeled" if "labeled" in folders else "train")
    notes = [f"{root / name} is not read; only {', '.join(PARTS)} are." for name in sorted(folders - set(PARTS))]
    classes, images = _read_classes(labeled, notes)
    test = None
    if "test" in folders:
        test_classes, test = _read_classes(root / "test", notes, at_least=1)
        for name in sorted(set(classes) ^ set(test_classes)):
            if name not in classes:
                raise SemisupError(
                    f"class '{name}' is in {root / 'test'} but not in {labeled}; add images of it there."
                )
            notes.append(f"class '{name}' has no test images.")
        test = ImageFiles(test.paths, np.array([classes.index(test_classes[target]) for target in test.targets], int))
    hidden = list(files_below(root / "unlabeled")) if "unlabeled" in folders else []
    return Layout(root, classes, images, ImageFiles(hidden, np.full(len(hidden), -1)), test, notes)


def files_below(folder: Path) -> Iterator[Path]:
    """Lists every file below a folder that may be an image, in a fixed order.

    Args:
        folder: The folder; links are followed, unless they lead back to a folder above.

    Yields:
        The files.

    Raises:
        SemisupError: If a folder cannot be listed.
    """

    def refuse(error: OSError) -> None:
        raise SemisupError(f"{error.filename} cannot be listed ({error.strerror}); fix its permissions.") from error

    for parent, folders, files in os.walk(folder, onerror=refuse, followlinks=True):
        folders[:] = sorted(name for name in folders if not _ignored(name) and not _leads_back(Path(parent, name)))
        yield from (Path(parent, name) for name in sorted(files) if not _ignored(name))


def _flat_layout(root: Path) -> Layout:
    """The layout of class folders directly below `root`."""
    for folder in _subfolders(root):
        if folder.name.casefold() in _NOT_CLASSES:
            raise SemisupError(
                f"{root} holds '{folder.name}' but no 'labeled' or 'train' with the class folders in it; "
                f"if '{folder.name}' is a class, move all class folders into {root / 'labeled'}."
            )
    notes: list[str] = []
    classes, images = _read_classes(root, notes)
    return Layout(root, classes, images, _NONE, None, notes)


def _read_classes(folder: Path, notes: list[str], at_least: int = 2) -> tuple[tuple[str, ...], ImageFiles]:
    """Sorted class names, and the images in their folders, class after class. Adds a note on files in no folder.

    Of a test set, `at_least` is 1, and a class may have no image.
    """
    folders: dict[str, list[Path]] = {}
    for path in _subfolders(folder):
        folders.setdefault(_class_name(path), []).append(path)
    classes = tuple(sorted(folders))
    if len(classes) < at_least:
        found = f"only one class folder, '{classes[0]}'" if classes else "no class folders"
        raise SemisupError(f"{folder} has {found}; put the images of each class into a folder of its name.")
    files = [[file for path in folders[name] for file in files_below(path)] for name in classes]
    for name, inside in zip(classes, files, strict=True):
        if not inside and at_least > 1:
            raise SemisupError(f"the class folder {folders[name][0]} is empty; fill it or delete it.")
    if loose := sum(path.is_file() and not _ignored(path.name) for path in folder.iterdir()):
        notes.append(f"{loose:,} files directly in {folder} are in no class folder and are not read.")
    targets = np.repeat(np.arange(len(classes)), [len(inside) for inside in files])
    return classes, ImageFiles([path for inside in files for path in inside], targets)


def _subfolders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not _ignored(path.name))


def _class_name(folder: Path) -> str:
    """The name of a class in Unicode's composed form: systems write é as one character or as two."""
    if printable(folder.name) != folder.name:
        raise SemisupError(
            f"the class folder {printable(str(folder))} has a name that is no text in UTF-8, or has a line break or "
            "another control character; rename it."
        )
    return unicodedata.normalize("NFC", folder.name)


def _leads_back(folder: Path) -> bool:
    """Whether a folder is a link to one above it, so that its files would be found without end."""
    return folder.is_symlink() and folder.parent.resolve().is_relative_to(folder.resolve())


def _ignored(name: str) -> bool:
    """Whether a file or folder is by its name one that systems leave behind, and no image."""
    folded = name.casefold()
    return name.startswith(".") or folded in _NOT_IMAGES or os.path.splitext(folded)[1] in _BESIDE_IMAGES
