"""The metrics of a run's page: reliability, confusions and classes, from probabilities and labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semisup.metrics.calibration import BINS, calibration_bins, calibration_error


@dataclass(frozen=True)
class ReliabilityBin:
    """A bin of a reliability diagram; a confidence of 1 is in the last one.

    Args:
        low: The lowest confidence, which the bin contains.
        images: How many are in the bin.
        confidence: Their mean confidence; None without images.
        accuracy: Their accuracy; None without images.
    """

    low: float
    images: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True)
class ClassMetrics:
    """The metrics of one class.

    Args:
        name: Of the class.
        labeled: How many labels the training had of it; None if unknown.
        images: How many test images are of the class.
        recall: The share of these that is predicted as the class; None without images.
        precision: The share of the images predicted as the class that is of it; None without any.
        confused_with: The class that its images are most often mistaken for; None for none.
        coverage: The share of its unlabeled images with a pseudo-label in use; None if unknown.
        label_accuracy: The accuracy of these pseudo-labels; None if unknown.
    """

    name: str
    labeled: int | None
    images: int
    recall: float | None
    precision: float | None
    confused_with: str | None
    coverage: float | None
    label_accuracy: float | None


@dataclass(frozen=True)
class Confusion:
    """How often images of one class are predicted as another.

    Args:
        true: The name of their class.
        predicted: The name of the other class.
        count: How many images.
        share: Of all images of the class, from 0 to 1.
    """

    true: str
    predicted: str
    count: int
    share: float


def reliability(probability: NDArray[np.floating], label: NDArray[np.int64]) -> tuple[list[ReliabilityBin], float]:
    """The bins of a reliability diagram, by the largest probability, and the calibration error.

    Source: Guo et al., 2017, arXiv:1706.04599, section 2 and eq. 5.

    Args:
        probability: (N, K).
        label: (N,).

    Returns:
        15 bins, and the error.
    """
    confidence, correct = torch.from_numpy(probability.max(-1)), torch.from_numpy(probability.argmax(-1) == label)
    counts = calibration_bins(confidence, correct)  # (15, 3)
    bins = []
    for number, (images, hits, total) in enumerate(counts.tolist()):
        means = (total / images, hits / images) if images else (None, None)
        bins.append(ReliabilityBin(number / BINS, int(images), *means))
    return bins, calibration_error(counts)


def class_metrics(matrix: NDArray[np.int64], names: tuple[str, ...], result: Mapping[str, Any]) -> list[ClassMetrics]:
    """The metrics of each class.

    Args:
        matrix: (K, K) counts, row = true class.
        names: Of the K classes.
        result: As in result.json, for the labels and pseudo-labels of the training.

    Returns:
        One for each class.
    """
    labeled = result["split"].get("labeled_per_class", {})
    pseudo_labels = (result["pseudo_labels"] or {}).get("per_class", {})
    rows = []
    for c, name in enumerate(names):
        images, predicted, hits = int(matrix[c].sum()), int(matrix[:, c].sum()), int(matrix[c, c])
        elsewhere = np.where(np.arange(len(names)) == c, 0, matrix[c])
        rows.append(
            ClassMetrics(
                name=name,
                labeled=labeled.get(name),
                images=images,
                recall=hits / images if images else None,
                precision=hits / predicted if predicted else None,
                confused_with=names[int(elsewhere.argmax())] if elsewhere.any() else None,
                coverage=pseudo_labels.get(name, {}).get("coverage"),
                label_accuracy=pseudo_labels.get(name, {}).get("accuracy"),
            )
        )
    return rows


def confusions(matrix: NDArray[np.int64], names: tuple[str, ...], most: int = 10) -> list[Confusion]:
    """The most frequent confusions.

    Args:
        matrix: (K, K) counts, row = true class.
        names: Of the K classes.
        most: How many confusions at most.

    Returns:
        The confusions, the most frequent first.
    """
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [divmod(int(cell), len(names)) for cell in order]
    return [
        Confusion(names[t], names[p], int(wrong[t, p]), float(wrong[t, p] / matrix[t].sum()))
        for t, p in pairs
        if wrong[t, p]
    ]
