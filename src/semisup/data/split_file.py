"""Splits from files: indices that another program wrote, a table of images, or the split of an earlier run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from semisup.core.damaged_files import read_json
from semisup.core.errors import SemisupError
from semisup.core.schema import parameters
from semisup.data.label_table import LabelTable
from semisup.data.listed_images import listed_images
from semisup.data.split import Indices, Split
from semisup.data.split_sizes import Unlabeled, Validation
from semisup.data.splits import complete_split, make_split, refuse_empty_classes
from semisup.data.store import Store

_PARTS = ("labeled", "validation", "unlabeled")
_TABLES = {".csv", ".tsv", ".txt", ".parquet"}


def read_split(
    file: Path,
    store: Store,
    *,
    validation: Validation = 0.1,
    unlabeled: Unlabeled = "all",
    labeled_in_unlabeled: bool = True,
    seed: int = 0,
    drawn: Mapping[str, Any] | None = None,
) -> Split:
    """Reads a split.

    A .npy holds the indices of the images whose labels may be used, (n,), as USB writes them; a table (.csv, .tsv, .txt
    or .parquet) names them by a column `index` or `path`. Validation and unlabeled images are then drawn. split.json
    or split.npz of a run gives that run's split as it was, whatever the other options are.

    Args:
        file: The file.
        store: The data set.
        validation: How many of the listed images validate, as of `make_split`.
        unlabeled: How many of the others are unlabeled.
        labeled_in_unlabeled: Whether the labeled images are in the unlabeled stream, too.
        seed: Of the draws.
        drawn: Options of `make_split` that say how labels are drawn.

    Returns:
        The split.

    Raises:
        SemisupError: If the file is missing, damaged or of another kind, an index is no labeled image of the data set
            or there twice, a class has no image, or an option of `drawn` is not its default.
    """
    file = Path(file).expanduser()
    for name, value in (drawn or {}).items():
        if value != parameters(make_split)[name].default:
            raise SemisupError(f"data.{name}={value} has no effect with data.split, whose file says what is labeled.")
    if not file.is_file():
        raise SemisupError(f"there is no file {file}: data.split is a .npy, a table, or the split.json of a run.")
    if file.suffix.lower() in (".json", ".npz"):
        return _of_a_run(file, store)
    if file.suffix.lower() in _TABLES:
        table = LabelTable(file, labeled=False)
        chosen = listed_images(table, store)
    elif file.suffix.lower() == ".npy":
        chosen = _array(file, _load(file))
    else:
        raise SemisupError(f"{file} is no split: data.split is a .npy, a table, or the split.json of a run.")
    _refuse_images(file, store, chosen)
    _refuse_unlabeled(file, store, chosen)
    shares = np.full(len(store.classes), 1 / len(store.classes))
    rng = np.random.default_rng([seed, 0x5EED])
    chosen = np.sort(chosen)
    return complete_split(store, chosen, validation, unlabeled, shares, "class_balanced", labeled_in_unlabeled, rng)


def _of_a_run(file: Path, store: Store) -> Split:
    """The split of split.json, whose indices are in split.npz beside it."""
    manifest, arrays = file.with_suffix(".json"), file.with_suffix(".npz")
    for needed in (manifest, arrays):
        if not needed.is_file():
            raise SemisupError(f"there is no file {needed}: a run's split is in split.json and split.npz together.")
    try:
        saved = read_json(manifest)
        said, in_unlabeled = str(saved["hash"]), bool(saved["labeled_in_unlabeled"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SemisupError(f"{manifest} is not the split.json of a run; take another file.") from error
    loaded = _load(arrays)
    if not isinstance(loaded, dict) or not {*_PARTS} <= {*loaded}:
        raise SemisupError(f"{arrays} is not the split.npz of a run: it needs {', '.join(_PARTS)}.")
    labeled, validation, unlabeled = (_array(arrays, loaded[part]) for part in _PARTS)
    split = Split(labeled, validation, unlabeled, in_unlabeled, store.fingerprint)
    _refuse_images(arrays, store, np.concatenate([labeled, validation, unlabeled]))
    _refuse_unlabeled(arrays, store, split.known)
    if split.hash != said:
        raise SemisupError(f"{manifest} is the split of another data set than {store.name} as it is now, or damaged.")
    refuse_empty_classes(store, labeled)
    return split


def _load(file: Path) -> Any:
    """An array, or arrays by name. Pickled objects, which may run any program, are refused."""
    try:
        found = np.load(file, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return found
        with found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, BadZipFile, MemoryError) as error:
        raise SemisupError(f"{file} is not a readable file of NumPy arrays of numbers; write it again.") from error


def _array(file: Path, found: Any) -> Indices:
    if not isinstance(found, np.ndarray) or found.ndim != 1 or found.dtype.kind not in "iu":
        shape, kind = getattr(found, "shape", ""), getattr(found, "dtype", type(found).__name__)
        raise SemisupError(f"{file} needs a list of whole numbers, and has {kind} of shape {shape}.")
    if found.dtype == np.uint64 and (found > np.iinfo(np.int64).max).any():
        raise SemisupError(f"{file} has the index {found.max()}, which no data set has.")
    return found.astype(np.int64)


def _refuse_images(file: Path, store: Store, images: NDArray[np.int64]) -> None:
    outside = (images < 0) | (images >= len(store.images))
    if outside.any():
        wrong = images[outside][0]
        raise SemisupError(f"{file} has the index {wrong}, and {store.name} has images 0 to {len(store.images) - 1}.")
    values, counts = np.unique(images, return_counts=True)
    if (counts > 1).any():
        raise SemisupError(f"{file} has the index {values[counts > 1][0]} more than once; each image is listed once.")


def _refuse_unlabeled(file: Path, store: Store, images: NDArray[np.int64]) -> None:
    if not len(images):
        raise SemisupError(f"{file} lists no image; list those whose labels may be used.")
    unknown = (store.targets[images] < 0) | (images >= store.labelable)
    if unknown.any():
        raise SemisupError(f"{file} has the index {images[unknown][0]}, an image of {store.name} without a label.")
