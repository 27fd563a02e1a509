"""Images into class folders, by their predictions."""

import filecmp
import json
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

from semisup.core.atomic_files import atomic_write_text
from semisup.core.damaged_files import checked, read_json
from semisup.core.errors import SemisupError, did_you_mean
from semisup.core.ranges import Probability, enforce_ranges
from semisup.predicting.prediction_file import Prediction

UNSURE = "unsure"  # the folder of what is below the confidence
RECORD = ".sorted.json"  # in the folder: which run and options filled it


class SortedCounts(NamedTuple):
    """How many images were sorted.

    Args:
        confident: Images in class folders.
        unsure: Images in the folder `unsure`.
        missing: Images that have been removed since they were predicted.
    """

    confident: int
    unsure: int
    missing: int


@enforce_ranges
def sort_images(
    folder: Path,
    predictions: Iterable[Prediction],
    base: Path,
    classes: Sequence[str],
    confidence: Probability,
    link: bool,
) -> SortedCounts:
    """Copies images to FOLDER/<class>/<path>, and those below the confidence to FOLDER/unsure/<path>.

    No file is overwritten: where another file has the name, the image is called `name (2).png`. An image that a person
    has moved to another of these folders stays there.

    Args:
        folder: The folder to sort into.
        predictions: Predictions for images.
        base: The folder that their paths are relative to.
        classes: The run's classes.
        confidence: The least confidence for a class folder.
        link: Whether to make symbolic links instead of copies.

    Returns:
        How many images were sorted.

    Raises:
        SemisupError: If a label is none of the classes.
    """
    names = folder_names(classes)
    folders = [folder / name for name in (*names.values(), UNSURE) if (folder / name).is_dir()]  # of an earlier call
    confident = unsure = missing = 0
    for prediction in predictions:
        if prediction.label not in names:
            raise SemisupError(
                f"{prediction.path} has the label {prediction.label}, which is no class; "
                f"{did_you_mean(prediction.label, names)}"
            )
        source, path = base / prediction.path, _inside(prediction.path)
        if not source.is_file():
            missing += 1
            continue
        is_confident = prediction.confidence >= confidence
        if not any(_is_copy(source, other / path, link) for other in folders):
            _put(source, folder / (names[prediction.label] if is_confident else UNSURE) / path, link)
        confident, unsure = confident + is_confident, unsure + (not is_confident)
    return SortedCounts(confident, unsure, missing)


def check_folder(folder: Path, images: Path, classes: Sequence[str]) -> None:
    """Checks that images can be sorted into a folder.

    Args:
        folder: The folder to sort into.
        images: The folder that is predicted.
        classes: The run's classes.

    Raises:
        SemisupError: If `folder` is a file, or the sorted images would be predicted by the next call.
    """
    if folder.exists() and not folder.is_dir():
        raise SemisupError(f"sort_into={folder} is a file and not a folder.")
    for name in (*folder_names(classes).values(), UNSURE):
        if images.is_dir() and (folder / name).resolve().is_relative_to(images.resolve()):
            raise SemisupError(f"sort_into={folder}: {folder / name} would be among the images, {images}.")


@enforce_ranges
def claim_folder(folder: Path, run: str, checkpoint: str, confidence: Probability, link: bool) -> None:
    """Writes down which run and options fill a folder, or checks that they are the same as before.

    Args:
        folder: The folder to sort into.
        run: The name of the run.
        checkpoint: The SHA-256 of its checkpoint.
        confidence: The least confidence for a class folder.
        link: Whether links are made.

    Raises:
        SemisupError: If another run or other options filled it: images would lie in two of its folders.
    """
    mine = {"run": run, "checkpoint": checkpoint, "confidence": confidence, "link": link}
    file = folder / RECORD
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write_text(file, json.dumps(mine))
        return
    with checked(file, "choose another sort_into"):
        before = {name: read_json(file)[name] for name in mine}
    if {**before, "run": run} != mine:  # a copy of the run may have another name
        kind = "with links" if before["link"] else "with copies"
        raise SemisupError(
            f"sort_into={folder} was filled by {before['run']} with confidence={before['confidence']}, {kind}: images "
            "would lie in two of its folders. Choose another folder, or delete it."
        )


def folder_names(classes: Sequence[str]) -> dict[str, str]:
    """The folder of each class: its name, without the characters that a folder's name cannot have.

    Args:
        classes: The run's classes.

    Returns:
        From a class to the name of its folder.

    Raises:
        SemisupError: If two classes would share a folder.
    """
    names = {name: re.sub(r"[^\w .()+&,-]", "_", name).strip(" .") or "_" for name in classes}
    taken = {UNSURE: "the images below the confidence"}
    for name, folder in names.items():
        if (other := taken.setdefault(folder.casefold(), name)) != name:
            raise SemisupError(f"{name} and {other} would be sorted into one folder, {folder}: rename the class.")
    return names


def _inside(path: str) -> Path:
    """A path as one below a folder: without a root and without `..`."""
    return Path(*(part for part in Path(path).parts if part not in (Path(path).anchor, "..")))


def _put(source: Path, target: Path, link: bool) -> None:
    """Copies or links a file, under a name that no other file has."""
    target.parent.mkdir(parents=True, exist_ok=True)
    stem = target.stem
    for number in count(2):
        if not os.path.lexists(target):
            break
        if _is_copy(source, target, link):
            return
        target = target.with_name(f"{stem} ({number}){target.suffix}")
    if link:
        target.symlink_to(source.resolve())
        return
    temporary = target.with_name(".draft")  # short, as the target's name may have the greatest length that there is
    shutil.copy2(source, temporary)
    temporary.replace(target)


def _is_copy(source: Path, target: Path, link: bool) -> bool:
    """Whether the target is what would be put there: a link to the source, or a copy of it."""
    if link or target.is_symlink():
        return target.is_symlink() and target.resolve() == source.resolve()
    return target.is_file() and filecmp.cmp(source, target, shallow=False)
