"""Between two rounds: what the network of a round says of all images, and the pseudo-labels made of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semisup.core.distributed import gather_objects, rank, wait_for
from semisup.core.errors import SemisupError
from semisup.data import SSLDataModule
from semisup.embeddings import Embedding
from semisup.labelers import Labeler, LabelerInputs, Labels, NamedClusters
from semisup.labelers.files import read_labels, write_labels
from semisup.methods import Method
from semisup.training.trainer import TrainerConfig

Columns = dict[str, NDArray[Any]]
Look = Callable[[LabelerInputs, Labels, NamedClusters | None], None]
LABELS, CLUSTERS = "pseudo_labels.parquet", "clusters.npz"


def label(
    labeler: Labeler, known: Callable[[], Columns], data: SSLDataModule, folder: Path, on_labeled: Look
) -> Labels:
    """The unlabeled images' pseudo-labels, in the order of `split.unlabeled`, made once and kept in the folder.

    known: what is known of the images, `predictions` or `embedded`, found by all processes together. The first one
    labels, and all read what it has written: clusters.npz, if the labeler has clusters, and when `look` has seen all
    there is to see, pseudo_labels.parquet, which says that the labeling is done.
    """
    file = folder / LABELS
    if not file.exists():
        found = known()
        if rank() == 0:
            inputs = build_labeler_inputs(data, found)
            labels, clusters = labeler(inputs), getattr(labeler, "clusters", None)
            if not isinstance(clusters, NamedClusters | None):
                kind = type(labeler).__name__
                raise SemisupError(
                    f"{kind}.clusters is to be a NamedClusters or None, and is {clusters!r}: give it another name."
                )
            if clusters is not None:
                clusters.save(folder / CLUSTERS)
            on_labeled(inputs, labels, clusters)
            rows = np.searchsorted(inputs.index, data.split.unlabeled)
            write_labels(file, data.store, data.split.unlabeled, labels.of(rows), data.split.hash)
    wait_for(file)
    return read_labels(file, data.store, data.split.unlabeled, data.split.hash)


def predictions(method: Method, data: SSLDataModule, training: TrainerConfig, what: tuple[str, ...]) -> Columns:
    """index (N,) of all images of the split, ascending, and `what` of logits (N, K) and features (N, D).

    The method's evaluated network sees plain views in evaluation mode. Several processes share the images; the result
    is empty but in the first one.
    """
    method.predict_outputs = what
    batches: Any = training.predictor().predict(method, datamodule=data)
    mine = {key: torch.cat([batch[key] for batch in batches]).numpy() for key in batches[0]} if batches else {}
    shares = [share for share in gather_objects(mine) if share]
    if not shares:
        return {}
    columns = {key: np.concatenate([share[key] for share in shares]) for key in shares[0]}
    order = np.argsort(columns["index"])
    return {key: column[order] for key, column in columns.items()}


def embedded(embedding: Embedding, data: SSLDataModule, folder: Path) -> Columns:
    """index (N,) of all images of the split, ascending, and their features (N, D), which are kept in the folder."""
    rows = np.sort(np.concatenate([data.split.known, data.split.unlabeled]))
    return {"index": rows, "features": embedding(data.store, rows, folder)}


def build_labeler_inputs(data: SSLDataModule, found: Columns) -> LabelerInputs:
    """What a labeler may know of the labeled and unlabeled images, and apart from them of the validation images."""

    def rows_of(images: NDArray[np.int64]) -> LabelerInputs:
        rows = np.searchsorted(found["index"], images)
        logits, features = (found[key][rows] if key in found else None for key in ("logits", "features"))
        return LabelerInputs(images, data.store.targets[images], logits, features)

    split = data.split
    validation = rows_of(split.validation) if len(split.validation) else None
    train = rows_of(np.sort(np.concatenate([split.labeled, split.unlabeled])))
    return replace(train, validation=validation)


def with_labels(data: SSLDataModule, labels: Labels) -> SSLDataModule:
    """The data with pseudo-labels of its unlabeled images, given in the order of `split.unlabeled`."""

    def spread(column: NDArray[Any], elsewhere: int) -> NDArray[Any]:
        whole = np.full((len(data.store.targets), *column.shape[1:]), elsewhere, column.dtype)
        whole[data.split.unlabeled] = column
        return whole

    copies = None if labels.copies is None else spread(labels.copies, 0)
    return data.with_targets(spread(labels.target, -1), spread(labels.weight, 0), copies)


def warning(labels: Labels, classes: tuple[str, ...]) -> str | None:
    """What is wrong with a round's pseudo-labels, in a sentence: that there are none, or none of some classes."""
    if not labels.weight.any():
        return (
            f"no pseudo-label is kept: the highest confidence is {labels.confidence.max():.2f}. "
            "Lower labeler.threshold (or, of clusters, labeler.k), or train the teacher for longer."
        )
    kept = np.bincount(labels.classes[labels.weight > 0], minlength=len(classes))
    missing = [name for name, count in zip(classes, kept, strict=True) if not count]
    if len(missing) == len(classes) - 1:
        return (
            f"all {kept.max():,} pseudo-labels are of one class, '{classes[kept.argmax()]}'; a student learns little."
        )
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        return f"no pseudo-label is of class {', '.join(missing[:5])}{more}."
    return None
