"""The numbers of a run's page: calibration, confusions and classes, from probabilities and labels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semisup.metrics.classification import confusion

Probabilities = NDArray[np.floating]
Classes = NDArray[np.int64]
BINS = 15


@dataclass(frozen=True)
class Bin:
    """The images whose confidence is above `low` and at most `high`. confidence, accuracy: means, None without any."""

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


def reliability(probability: Probabilities, label: Classes, bins: int = BINS) -> list[Bin]:
    """The bins of a reliability diagram, of equal width, by the largest probability. probability: (N, K).

    Guo et al. (2017, arXiv:1706.04599), section 2: bins are open below and closed above.
    """
    confidence, hit = probability.max(-1), probability.argmax(-1) == label
    which = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    found = []
    for number in range(bins):
        inside = which == number
        means = [float(values[inside].mean()) if inside.any() else None for values in (confidence, hit)]
        found.append(Bin(number / bins, (number + 1) / bins, int(inside.sum()), *means))
    return found


def calibration_error(bins: list[Bin]) -> float:
    """ECE: the mean over images of |accuracy - confidence| of their bin (Guo et al., 2017, eq. 5)."""
    gaps = [
        b.images * abs(b.accuracy - b.confidence) for b in bins if b.accuracy is not None and b.confidence is not None
    ]
    return sum(gaps) / sum(b.images for b in bins)


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
    return confusion(probability.argmax(-1), label, probability.shape[-1])
