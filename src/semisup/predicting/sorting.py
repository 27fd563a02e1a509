"""Pictures into class folders by their labels."""

import filecmp
import json
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

from semisup.core.atomic_files import atomic_write_text
from semisup.core.errors import SemisupError, did_you_mean
from semisup.predicting.outputs import Row

UNSURE = "unsure"
RECORD = ".sorted.json"  # in the folder: what it was filled by


def sort(
    folder: Path, rows: Iterable[Row], place: Path, classes: Sequence[str], confidence: float, link: bool
) -> tuple[int, int, int]:
    """Copies pictures to FOLDER/<class>/<path>, and those below the confidence to FOLDER/unsure/<path>.

    place: what the paths of the rows are relative to. link: make symbolic links instead. A file that is there and is
    another one stays as it is: the picture is then called `name (2).png`. A picture that someone has moved into another
    of these folders stays there. Returns how many were sure, were not, and have gone since they were labeled. Raises
    SemisupError for a label that is no class.
    """
    names = folder_names(classes)
    there = [folder / name for name in (*names.values(), UNSURE) if (folder / name).is_dir()]  # from an earlier call
    sure = unsure = gone = 0
    for row in rows:
        if row.label not in names:
            raise SemisupError(
                f"{row.path} has the label {row.label}, which is no class; {did_you_mean(row.label, names)}"
            )
        source = place / row.path
        if not source.is_file():
            gone += 1
            continue
        certain = row.confidence >= confidence
        if not any(same(source, other / inside(row.path), link) for other in there):
            put(source, folder / (names[row.label] if certain else UNSURE) / inside(row.path), link)
        sure, unsure = sure + certain, unsure + (not certain)
    return sure, unsure, gone


def check_folder(folder: Path, images: Path, classes: Sequence[str]) -> None:
    """Raises SemisupError for a file, and if what is sorted would be among the images the next time."""
    if folder.exists() and not folder.is_dir():
        raise SemisupError(f"sort_into={folder} is a file and not a folder.")
    for name in (*folder_names(classes).values(), UNSURE):
        if images.is_dir() and (folder / name).resolve().is_relative_to(images.resolve()):
            raise SemisupError(f"sort_into={folder}: {folder / name} would be among the images, {images}.")


def claim_folder(folder: Path, run: str, checkpoint: str, confidence: float, link: bool) -> None:
    """Writes down what a folder is filled by. Raises SemisupError if it was filled otherwise: pictures would lie twice.

    run: the name of the run. checkpoint: its hash.
    """
    mine = {"run": run, "checkpoint": checkpoint, "confidence": confidence, "link": link}
    file = folder / RECORD
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write_text(file, json.dumps(mine))
        return
    before = json.loads(file.read_text())
    if {**before, "run": run} != mine:  # a copy of the run may have another name
        way = "with links" if before["link"] else "with copies"
        raise SemisupError(
            f"sort_into={folder} was filled by {before['run']} with confidence={before['confidence']}, {way}: pictures "
            "would lie in two of its folders. Choose another folder, or delete it."
        )


def folder_names(classes: Sequence[str]) -> dict[str, str]:
    """A folder's name for each class: itself, where it can be one. Raises SemisupError if two would share one."""
    names = {name: re.sub(r"[^\w .()+&,-]", "_", name).strip(" .") or "_" for name in classes}
    taken = {UNSURE: "what is unsure"}
    for name, folder in names.items():
        if (other := taken.setdefault(folder.casefold(), name)) != name:
            raise SemisupError(f"{name} and {other} would be sorted into one folder, {folder}: rename the class.")
    return names


def inside(path: str) -> Path:
    """A path as one below a folder: without a root and without `..`."""
    return Path(*(part for part in Path(path).parts if part not in (Path(path).anchor, "..")))


def put(source: Path, target: Path, link: bool) -> None:
    """Copies or links a file, under a name that no other file has."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for number in count(2):
        if not os.path.lexists(target):
            break
        if same(source, target, link):
            return
        stem = target.stem if number == 2 else target.stem.rpartition(" (")[0]
        target = target.with_name(f"{stem} ({number}){target.suffix}")
    if link:
        target.symlink_to(source.resolve())
        return
    draft = target.with_name(".draft")  # short, as the name may be as long as one can be
    shutil.copy2(source, draft)
    draft.replace(target)


def same(source: Path, target: Path, link: bool) -> bool:
    """Whether the target is what would be put there: a link to the source, or a copy of it."""
    if link or target.is_symlink():
        return target.is_symlink() and target.resolve() == source.resolve()
    return target.is_file() and filecmp.cmp(source, target, shallow=False)
