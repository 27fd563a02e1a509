"""Between two rounds: what is known of all images, and the pseudo-labels that a labeler makes of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semisup.core.atomic_files import atomic_write
from semisup.core.distributed import gather_objects, rank, wait_for
from semisup.core.errors import SemisupError
from semisup.data import SSLDataModule
from semisup.embeddings import Embedding
from semisup.embeddings.map import map_positions
from semisup.labelers import Labeler, LabelerInputs, Labels, NamedClusters
from semisup.labelers.files import read_labels, write_labels
from semisup.methods import Method
from semisup.training.trainer import TrainerConfig

Columns = dict[str, NDArray[Any]]  # `index` (N,), ascending, and what is known of each image
LABELS, CLUSTERS, MAP = "pseudo_labels.parquet", "clusters.npz", "map.npz"


def label_images(
    labeler: Labeler, predict: Callable[[], Columns], data: SSLDataModule, folder: Path, number: int = 0
) -> Labels:
    """Labels the unlabeled images, once; a resumed run reads the file.

    All processes predict. The first one labels and writes clusters.npz (of a labeler with clusters), map.npz (of one
    that reads features), and at last pseudo_labels.parquet. All read that.

    Args:
        labeler: Makes the labels.
        predict: `predict_images` or `embed_images`, with all arguments.
        data: Knows the classes of labeled and validation images only.
        folder: The round's.
        number: The round's.

    Returns:
        The labels, in the order of `split.unlabeled`.

    Raises:
        SemisupError: If the labeler's `clusters` are no NamedClusters.
    """
    file = folder / LABELS
    if not file.exists():
        columns = predict()
        if rank() == 0:
            _write_labels(labeler, replace(build_labeler_inputs(data, columns), round=number), data, folder)
    wait_for(file)
    return read_labels(file, data.store, data.split.unlabeled, data.split.hash)


def predict_images(method: Method, data: SSLDataModule, training: TrainerConfig, outputs: tuple[str, ...]) -> Columns:
    """Applies a method's `eval_network` to all images of the split, in the plain view and evaluation mode.

    Args:
        method: With the weights to predict with.
        data: The images.
        training: On whose devices, which share the images.
        outputs: Some of logits and features.

    Returns:
        In the first process `index`, and `logits` (N, K) or `features` (N, D), float32; nothing in the others.
    """
    method.predict_outputs = outputs
    batches: Any = training.predictor().predict(method, datamodule=data)
    own = {key: torch.cat([batch[key] for batch in batches]).numpy() for key in batches[0]} if batches else {}
    shares = [share for share in gather_objects(own) if share]
    if not shares:
        return {}
    columns = {key: np.concatenate([share[key] for share in shares]) for key in shares[0]}
    order = np.argsort(columns["index"])
    return {key: column[order] for key, column in columns.items()}


def embed_images(embedding: Embedding, data: SSLDataModule, folder: Path) -> Columns:
    """Embeds all images of the split.

    Args:
        embedding: Of any kind.
        data: The images.
        folder: Where the features are kept.

    Returns:
        `index`, and `features` (N, D) float32.
    """
    rows = np.sort(np.concatenate([data.split.known, data.split.unlabeled]))
    return {"index": rows, "features": embedding(data.store, rows, folder)}


def cached_features(data: SSLDataModule) -> Columns:
    """The features of all images of the split in the plain view, of a data set that is embedded.

    Args:
        data: Features in the place of images.

    Returns:
        `index`, and `features` (N, D) float32.
    """
    rows = np.sort(np.concatenate([data.split.known, data.split.unlabeled]))
    return {"index": rows, "features": data.store.images[rows, 0].astype(np.float32)}


def build_labeler_inputs(data: SSLDataModule, columns: Columns) -> LabelerInputs:
    """What a labeler may know: the labeled and unlabeled images, and apart from them the validation images.

    Args:
        data: Knows the classes of labeled and validation images only.
        columns: Of all images of the split.

    Returns:
        The inputs.
    """

    def rows_of(images: NDArray[np.int64]) -> LabelerInputs:
        rows: Any = np.searchsorted(columns["index"], images)
        if len(images) == len(columns["index"]):
            rows = ...  # all of them: the same array, by which a labeler knows that its features are those of before
        logits, features = (columns[key][rows] if key in columns else None for key in ("logits", "features"))
        return LabelerInputs(images, data.store.targets[images], logits, features, classes=len(data.store.classes))

    split = data.split
    validation = rows_of(split.validation) if len(split.validation) else None
    train = rows_of(np.sort(np.concatenate([split.labeled, split.unlabeled])))
    return replace(train, validation=validation)


def with_labels(data: SSLDataModule, labels: Labels) -> SSLDataModule:
    """The data with pseudo-labels.

    Args:
        data: Stays as it is.
        labels: Of its unlabeled images, in the order of `split.unlabeled`.

    Returns:
        Another data module.
    """

    def spread(column: NDArray[Any], elsewhere: int) -> NDArray[Any]:
        spread_out = np.full((len(data.store.targets), *column.shape[1:]), elsewhere, column.dtype)
        spread_out[data.split.unlabeled] = column
        return spread_out

    copies = None if labels.copies is None else spread(labels.copies, 0)
    return data.with_targets(spread(labels.target, -1), spread(labels.weight, 0), copies)


def label_warning(labels: Labels, classes: tuple[str, ...]) -> str | None:
    """What is wrong with a round's pseudo-labels: that there are none, or none of some classes.

    Args:
        labels: Of all unlabeled images.
        classes: Names of the K classes.

    Returns:
        A sentence; None if nothing is wrong.
    """
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


def _write_labels(labeler: Labeler, inputs: LabelerInputs, data: SSLDataModule, folder: Path) -> None:
    labels, clusters = labeler(inputs), getattr(labeler, "clusters", None)
    if not isinstance(clusters, NamedClusters | None):
        raise SemisupError(
            f"{type(labeler).__name__}.clusters must be a NamedClusters or None, and is {clusters!r}: rename it."
        )
    if clusters is not None:
        clusters.save(folder / CLUSTERS)
    if inputs.features is not None:
        rows, position = map_positions(inputs.features)
        with atomic_write(folder / MAP) as temporary:
            np.savez_compressed(temporary, index=inputs.index[rows], position=position)
    rows = np.searchsorted(inputs.index, data.split.unlabeled)
    write_labels(folder / LABELS, data.store, data.split.unlabeled, labels.of(rows), data.split.hash)
