"""Figures of merit of predictions, with their uncertainty."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_calibration_error

from semisup.methods.functional import cross_entropy


def scores(logits: Tensor, label: Tensor) -> dict[str, Tensor]:
    """accuracy, loss (mean negative log-likelihood), calibration_error (15 bins, L1). logits: (N, K); label: (N,)."""
    classes = logits.shape[-1]
    probability = logits.float().softmax(-1)
    return {
        "accuracy": multiclass_accuracy(probability, label, classes, average="micro"),
        "loss": cross_entropy(logits, label),
        "calibration_error": multiclass_calibration_error(probability, label, classes),
    }


def accuracy_interval(hits: int, images: int) -> list[float]:
    """95 % confidence interval of an accuracy (Wilson, 1927): what another test set of this size would make of it."""
    from scipy.stats import binomtest

    interval = binomtest(hits, images).proportion_ci(method="wilson")
    return [float(interval.low), float(interval.high)]


def confusion(predicted: NDArray[np.int64], label: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Counts (K, K): row = true class, column = predicted class."""
    return np.bincount(label * classes + predicted, minlength=classes**2).reshape(classes, classes)


def summary(logits: Tensor, label: Tensor, names: tuple[str, ...]) -> dict[str, Any]:
    """The scores, the interval of the accuracy and the accuracy per class, ready for JSON."""
    matrix = confusion(logits.argmax(-1).cpu().numpy(), label.cpu().numpy(), len(names))
    images = matrix.sum(1)
    figures: dict[str, Any] = {name: float(value) for name, value in scores(logits, label).items()}
    figures["accuracy_interval"] = accuracy_interval(int(np.trace(matrix)), int(images.sum()))
    figures["images"] = int(images.sum())
    figures["per_class"] = {
        name: float(matrix[c, c] / images[c]) if images[c] else None for c, name in enumerate(names)
    }
    return figures
