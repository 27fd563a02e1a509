"""Pseudo-labels as a table that people can correct: written as Parquet, read as Parquet or CSV."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from semisup.core.atomic_files import atomic_write
from semisup.core.errors import SemisupError
from semisup.core.text import as_utf8
from semisup.data.label_table import COLUMNS, LabelTable
from semisup.data.listed_images import listed_images
from semisup.data.store import Store
from semisup.labelers.inputs import Labels

_FORMAT = "1"  # raised when a column changes its meaning, so that older files are refused


def write_labels(file: Path, store: Store, index: NDArray[np.int64], labels: Labels, split_hash: str) -> None:
    """Writes pseudo-labels as Parquet, one row per image, atomically.

    The columns are index, path (if the store was made of files), label (the name of the class), confidence, weight,
    kept (weight > 0), copies (if there are any), and probability (K of them, for soft targets). The metadata names the
    format, the fingerprint of the data set and the split.

    Args:
        file: Where to.
        store: The images.
        index: Which of them, (N,) int64.
        labels: Of these images.
        split_hash: Of the split that they belong to.
    """
    columns: dict[str, Any] = {"index": index}
    if (files := store.files()) is not None:
        columns["path"] = [as_utf8(files[image]) for image in index]
    columns["label"] = pa.array(store.classes).take(pa.array(labels.classes))
    columns |= {"confidence": labels.confidence, "weight": labels.weight, "kept": labels.weight > 0}
    if labels.copies is not None:
        columns["copies"] = labels.copies.astype(np.int32)
    table = pa.table([pa.array(values, COLUMNS[name]) for name, values in columns.items()], names=list(columns))
    if labels.target.ndim == 2:
        probability = pa.FixedSizeListArray.from_arrays(pa.array(labels.target.ravel()), len(store.classes))
        table = table.append_column("probability", probability)
    origin = {"semisup_format": _FORMAT, "semisup_data": store.fingerprint, "semisup_split": split_hash}
    with atomic_write(file) as temporary:
        pyarrow.parquet.write_table(table.replace_schema_metadata(origin), temporary)


def read_labels(file: Path, store: Store, index: NDArray[np.int64], split_hash: str | None = None) -> Labels:
    """Reads pseudo-labels, bit for bit as they were written or as a person has corrected them.

    kept=false is weight 0, and kept=true without a weight is weight 1. A label that is not the most probable class is
    certain. A .csv needs a label, and an index or a path; it has no probabilities, and a missing weight, kept,
    confidence or copies is 1. Images without a row have weight, confidence and copies 0, and images that are not kept
    have copies 0.

    Args:
        file: Parquet, or a text table (.csv, .tsv or .txt).
        store: The images.
        index: Those that may have a label, (N,) int64.
        split_hash: Of the split that the file must belong to; None for any.

    Returns:
        Labels of the images `index`, in their order.

    Raises:
        SemisupError: If a row does not fit, or the file belongs to another data set or split.
    """
    table = LabelTable(file)
    _refuse_another_origin(table, store, split_hash)
    image = listed_images(table, store)  # (n,)
    _refuse_images(table, image, store, index)
    kept, weight = table.column("kept", missing=True), table.column("weight", missing=1)
    confidence, copies = table.column("confidence", missing=1), table.column("copies", missing=1)
    table.refuse(~np.isfinite(weight) | (weight < 0), lambda row: f"weight {weight[row]} is not 0 or more.")
    wrong = ~((confidence >= 0) & (confidence <= 1))
    table.refuse(wrong, lambda row: f"confidence {confidence[row]} is not from 0 to 1.")
    table.refuse(copies < 0, lambda row: f"copies {copies[row]} is not 0 or more.")
    target = _targets(table, store, kept)

    order = np.argsort(index)
    place = order[np.searchsorted(index, image, sorter=order)]  # of each row's image in `index`

    def aligned(values: NDArray[Any], elsewhere: float = 0) -> Any:
        rows = np.full((len(index), *values.shape[1:]), elsewhere, values.dtype)
        rows[place] = values
        return rows

    return Labels(
        target=aligned(target, elsewhere=0 if target.ndim == 1 else 1 / len(store.classes)),
        weight=aligned(np.where(kept, np.where(weight > 0, weight, 1), 0).astype(np.float32)),
        confidence=aligned(confidence),
        copies=aligned(np.where(kept, np.maximum(copies, 1), 0).astype(np.int64)) if table.has("copies") else None,
    )


def _targets(table: LabelTable, store: Store, kept: NDArray[np.bool_]) -> NDArray[Any]:
    """Classes (n,) int64, or probabilities (n, K) float32 if the table has them."""
    label = table.targets(store.classes)
    table.refuse((label < 0) & kept, lambda row: "it is kept and has no label; give one, or set kept to false.")
    if not table.has("probability"):
        return np.maximum(label, 0)
    probability, given = table.probability(len(store.classes))
    sums_up = (probability >= 0).all(-1) & (abs(probability.sum(-1) - 1) < 1e-3)
    table.refuse(given & kept & ~sums_up, lambda row: "its probabilities are not 0 or more with a sum of 1.")
    certain = (label >= 0) & ~(given & (probability.argmax(-1) == label))
    probability[certain] = np.eye(len(store.classes), dtype=np.float32)[label[certain]]
    return probability


def _refuse_another_origin(table: LabelTable, store: Store, split_hash: str | None) -> None:
    origin = table.metadata()
    if origin.get("semisup_format", _FORMAT) != _FORMAT:
        raise SemisupError(f"{table.file} was written by another version of Semisup; write it again.")
    if origin.get("semisup_data", store.fingerprint) != store.fingerprint:
        raise SemisupError(f"{table.file} has labels of another data set than {store.name} as it is now.")
    if split_hash is not None and origin.get("semisup_split", split_hash) != split_hash:
        raise SemisupError(f"{table.file} has labels of another split of {store.name}; take the same labels and seed.")


def _refuse_images(table: LabelTable, image: NDArray[np.int64], store: Store, index: NDArray[np.int64]) -> None:
    none = (image < 0) | (image >= len(store.images))
    table.refuse(none, lambda row: f"an index is 0 to {len(store.images) - 1}, as {store.name} has no other image.")
    known = ~np.isin(image, index)
    table.refuse(known, lambda row: f"image {image[row]} is not among the unlabeled images of this split; delete it.")
    again = np.ones(len(image), bool)
    again[np.unique(image, return_index=True)[1]] = False
    table.refuse(again, lambda row: f"image {image[row]} has a row above; delete one of the two.")
