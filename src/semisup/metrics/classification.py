"""Accuracy, loss and calibration of predictions, with the uncertainty of the accuracy."""

from typing import Any

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from semisup.metrics.calibration import calibration_bins, calibration_error


def scores(logits: Tensor, label: Tensor) -> dict[str, Tensor | float]:
    """Accuracy, loss (mean cross-entropy) and calibration error of the same images.

    Args:
        logits: (N, K), any float type.
        label: (N,) int64.

    Returns:
        `accuracy`, `loss` and `calibration_error`, a scalar each.
    """
    confidence, predicted = logits.float().softmax(-1).max(-1)
    correct = predicted == label
    return {
        "accuracy": correct.float().mean(),
        "loss": F.cross_entropy(logits.float(), label),
        "calibration_error": calibration_error(calibration_bins(confidence, correct)),
    }


def accuracy_interval(hits: int, images: int) -> list[float]:
    """The 95 % confidence interval of an accuracy, by Wilson (1927): how it varies from one test set to another.

    Args:
        hits: How many images are predicted correctly.
        images: Of how many.

    Returns:
        The lower and the upper limit, from 0 to 1.
    """
    from scipy.stats import binomtest

    interval = binomtest(hits, images).proportion_ci(method="wilson")
    return [float(interval.low), float(interval.high)]


def confusion_matrix(predicted: NDArray[np.int64], label: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """How many images of each class are predicted as each class.

    Args:
        predicted: (N,), from 0 to K - 1.
        label: (N,), from 0 to K - 1.
        classes: K.

    Returns:
        Counts (K, K): row = true class, column = predicted class.
    """
    return np.bincount(label * classes + predicted, minlength=classes**2).reshape(classes, classes)


def class_averages(matrix: NDArray[np.int64]) -> dict[str, float]:
    """Figures in which each class counts as much as another, however many images it has.

    A class without images has no recall, and a class that is neither there nor predicted has no F1: they are left out.

    Args:
        matrix: As of `confusion_matrix`, (K, K).

    Returns:
        `balanced_accuracy`, the mean recall; `macro_f1`, the mean F1; `g_mean`, the geometric mean of the recalls,
        which is 0 if no image of some class is found.
    """
    hits, images, predicted = np.diag(matrix), matrix.sum(1), matrix.sum(0)
    recall = hits[images > 0] / images[images > 0]
    occurs = images + predicted > 0
    f1 = 2 * hits[occurs] / (images + predicted)[occurs]
    return {
        "balanced_accuracy": float(recall.mean()),
        "macro_f1": float(f1.mean()),
        "g_mean": float(np.prod(recall) ** (1 / len(recall))),
    }


def top_k_accuracy(logits: Tensor, label: Tensor, k: int) -> float:
    """The share of images whose class is among the k most probable ones.

    Args:
        logits: (N, K), any float type.
        label: (N,) int64.
        k: At most K.

    Returns:
        From 0 to 1.
    """
    return float((logits.topk(k).indices == label[:, None]).any(-1).float().mean())


def summary(logits: Tensor, label: Tensor, names: tuple[str, ...]) -> dict[str, Any]:
    """The scores, the interval of the accuracy and the accuracy of each class, ready for JSON.

    Args:
        logits: (N, K), any float type.
        label: (N,) int64.
        names: The K classes.

    Returns:
        Those of `scores` and `class_averages`, `accuracy_interval`, `images` (N) and `per_class`: an accuracy, or None
        without images. With more than five classes also `top5_accuracy`.
    """
    matrix = confusion_matrix(logits.argmax(-1).cpu().numpy(), label.cpu().numpy(), len(names))
    images = matrix.sum(1)
    figures: dict[str, Any] = {name: float(value) for name, value in scores(logits, label).items()}
    figures |= class_averages(matrix)
    if len(names) > 5:
        figures["top5_accuracy"] = top_k_accuracy(logits, label, 5)
    figures["accuracy_interval"] = accuracy_interval(int(np.trace(matrix)), int(images.sum()))
    figures["images"] = int(images.sum())
    figures["per_class"] = {
        name: float(matrix[c, c] / images[c]) if images[c] else None for c, name in enumerate(names)
    }
    return figures
