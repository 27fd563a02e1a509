"""Which pictures lie in a folder: their classes and parts, found without opening one of them.

Three layouts are read; below a class folder, and below `unlabeled`, pictures may lie at any depth:

    ROOT/labeled/<class>/...   ROOT/unlabeled/...   ROOT/test/<class>/...   (the last two are optional)
    ROOT/train/<class>/...     the same, under the other usual name
    ROOT/<class>/...
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError

PARTS = ("labeled", "train", "unlabeled", "test")
# As the name of a class these are far more likely a slip in the layout; two "classes" train and val would be nonsense.
NOT_CLASSES = {*PARTS, "labelled", "unlabelled", "training", "testing", "val", "valid", "validation", "unsure"}
NOT_PICTURES = {"thumbs.db", "desktop.ini", "__macosx", "@eadir"}


@dataclass(frozen=True)
class ImageFiles:
    """Paths and their targets, (N,) int64, -1 = unknown."""

    paths: list[Path]
    targets: NDArray[np.int64]


NONE = ImageFiles([], np.zeros(0, np.int64))


@dataclass(frozen=True)
class Layout:
    """The pictures below `root`.

    test is None where there is no test folder. reviewed: those that lie among the unlabeled ones and whose class a
    file gives. notes: what was left out, and what else the user should be told.
    """

    root: Path
    classes: tuple[str, ...]
    labeled: ImageFiles
    unlabeled: ImageFiles
    test: ImageFiles | None
    notes: list[str]
    reviewed: ImageFiles = field(default=NONE)

    @property
    def paths(self) -> list[Path]:
        parts = (self.labeled, self.reviewed, self.unlabeled, self.test or NONE)
        return [path for part in parts for path in part.paths]

    def digest(self, *options: object) -> str:
        """Eight hexadecimal digits that change when a file is added, removed, renamed or changed, or an option is."""
        lines = [repr(options)]
        for path in self.paths:
            status = path.stat()
            lines.append(f"{path.relative_to(self.root)} {status.st_size} {status.st_mtime_ns}")
        return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()[:8]


def read_layout(root: Path) -> Layout:
    """Lists the pictures below `root`. Raises SemisupError if it is in none of the three layouts."""
    if not root.is_dir():
        raise SemisupError(f"There is no folder {root}; give the one that holds the pictures.")
    folders = {folder.name for folder in subfolders(root)}
    if {"labeled", "train"} <= folders:
        raise SemisupError(f"{root} holds both 'labeled' and 'train'; keep one of them for the labeled pictures.")
    if not folders & {"labeled", "train"}:
        return flat_layout(root)
    labeled = root / ("labeled" if "labeled" in folders else "train")
    notes = [f"{root / name} is not read; only {', '.join(PARTS)} are." for name in sorted(folders - set(PARTS))]
    classes, pictures = read_classes(labeled, notes)
    test = None
    if "test" in folders:
        test_classes, test = read_classes(root / "test", notes)
        for name in sorted(set(classes) ^ set(test_classes)):
            there, missing = (labeled, root / "test") if name in classes else (root / "test", labeled)
            raise SemisupError(f"Class '{name}' is in {there} but not in {missing}; both need the same class folders.")
    hidden = list(files_below(root / "unlabeled")) if "unlabeled" in folders else []
    return Layout(root, classes, pictures, ImageFiles(hidden, np.full(len(hidden), -1)), test, notes)


def flat_layout(root: Path) -> Layout:
    """The layout of class folders directly below `root`."""
    for folder in subfolders(root):
        if folder.name.casefold() in NOT_CLASSES:
            raise SemisupError(
                f"{root} holds '{folder.name}' but no 'labeled' or 'train' with the class folders in it; "
                f"if '{folder.name}' is a class, move all class folders into {root / 'labeled'}."
            )
    notes: list[str] = []
    classes, pictures = read_classes(root, notes)
    return Layout(root, classes, pictures, NONE, None, notes)


def read_classes(folder: Path, notes: list[str]) -> tuple[tuple[str, ...], ImageFiles]:
    """Sorted class names and the pictures in their folders, class after class. Loose files are told in `notes`."""
    classes = subfolders(folder)
    if len(classes) < 2:
        found = f"only one class folder, '{classes[0].name}'" if classes else "no class folders"
        raise SemisupError(f"{folder} has {found}; put the pictures of each class into a folder named after it.")
    files = [list(files_below(path)) for path in classes]
    for path, inside in zip(classes, files, strict=True):
        if not inside:
            raise SemisupError(f"The class folder {path} is empty; fill it or delete it.")
    if loose := sum(path.is_file() and not ignored(path.name) for path in folder.iterdir()):
        notes.append(f"{loose:,} files directly in {folder} are in no class folder and are not read.")
    targets = np.repeat(np.arange(len(classes)), [len(inside) for inside in files])
    return tuple(path.name for path in classes), ImageFiles([path for inside in files for path in inside], targets)


def subfolders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not ignored(path.name))


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below `folder` that may be a picture, in a fixed order."""

    def refuse(error: OSError) -> None:
        raise SemisupError(f"{error.filename} cannot be listed ({error.strerror}); mend its permissions.") from error

    for parent, folders, files in os.walk(folder, onerror=refuse, followlinks=True):
        folders[:] = sorted(name for name in folders if not ignored(name) and not leads_back(Path(parent, name)))
        yield from (Path(parent, name) for name in sorted(files) if not ignored(name))


def leads_back(folder: Path) -> bool:
    """Whether a folder is a link to one that it lies in, whose files would be found without end."""
    return folder.is_symlink() and folder.parent.resolve().is_relative_to(folder.resolve())


def ignored(name: str) -> bool:
    """Whether a file or folder is by its name one that systems leave behind, and not a picture."""
    return name.startswith(".") or name.casefold() in NOT_PICTURES
