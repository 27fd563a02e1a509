"""The numbers of a run's page: calibration, confusions and classes, from probabilities and labels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semisup.metrics.calibration import BINS, calibration_bins, calibration_error
from semisup.metrics.classification import confusion_matrix

Probabilities = NDArray[np.floating]
Classes = NDArray[np.int64]


@dataclass(frozen=True)
class Bin:
    """A bin of a reliability diagram; a confidence of 1 is in the last one.

    Args:
        low: The lowest confidence, which the bin contains.
        high: The lowest confidence above the bin.
        images: How many are in the bin.
        confidence: Their mean confidence; None without images.
        accuracy: Their accuracy; None without images.
    """

    low: float
    high: float
    images: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True)
class ClassRow:
    """How a class fares in the test set. recall: of its images, how many are found; precision: of those called so."""

    name: str
    labeled: int | None
    images: int
    recall: float | None
    precision: float | None
    taken_for: str | None
    kept: float | None
    right: float | None


@dataclass(frozen=True)
class Mistake:
    """How often images of one class are taken for another. share: of the images of that class."""

    true: str
    predicted: str
    count: int
    share: float


def reliability(probability: Probabilities, label: Classes) -> tuple[list[Bin], float]:
    """The bins of a reliability diagram, by the largest probability, and the calibration error.

    Source: Guo et al., 2017, arXiv:1706.04599, section 2 and eq. 5.

    Args:
        probability: (N, K).
        label: (N,).

    Returns:
        15 bins, and the error.
    """
    confidence, hit = torch.from_numpy(probability.max(-1)), torch.from_numpy(probability.argmax(-1) == label)
    counts = calibration_bins(confidence, hit)  # (15, 3)
    bins = []
    for number, (images, hits, total) in enumerate(counts.tolist()):
        means = (total / images, hits / images) if images else (None, None)
        bins.append(Bin(number / BINS, (number + 1) / BINS, int(images), *means))
    return bins, calibration_error(counts)


def class_rows(matrix: NDArray[np.int64], names: tuple[str, ...], result: dict[str, Any]) -> list[ClassRow]:
    """A row per class. matrix: (K, K) counts, row = true class. result: as in result.json, for what training saw."""
    labeled = result["split"].get("labeled_per_class", {})
    kept = (result["pseudo_labels"] or {}).get("per_class", {})
    rows = []
    for c, name in enumerate(names):
        images, called, hits = int(matrix[c].sum()), int(matrix[:, c].sum()), int(matrix[c, c])
        elsewhere = np.where(np.arange(len(names)) == c, 0, matrix[c])
        quality = kept.get(name, {})
        rows.append(
            ClassRow(
                name=name,
                labeled=labeled.get(name),
                images=images,
                recall=hits / images if images else None,
                precision=hits / called if called else None,
                taken_for=names[int(elsewhere.argmax())] if elsewhere.any() else None,
                kept=quality.get("coverage"),
                right=quality.get("accuracy"),
            )
        )
    return rows


def mistakes(matrix: NDArray[np.int64], names: tuple[str, ...], most: int = 10) -> list[Mistake]:
    """The most frequent confusions, most frequent first. matrix: (K, K) counts, row = true class."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [divmod(int(cell), len(names)) for cell in order]
    return [
        Mistake(names[t], names[p], int(wrong[t, p]), float(wrong[t, p] / matrix[t].sum()))
        for t, p in pairs
        if wrong[t, p]
    ]


def matrix_of(probability: Probabilities, label: Classes) -> NDArray[np.int64]:
    """Counts (K, K): row = true class, column = predicted class."""
    return confusion_matrix(probability.argmax(-1), label, probability.shape[-1])
