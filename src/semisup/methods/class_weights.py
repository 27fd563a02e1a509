"""Weights of the classes in the loss of the labeled images."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from semisup.core.errors import SemisupError


def weights_of_classes(
    weights: Literal["balanced"] | Sequence[float], classes: int, data: Any = None
) -> Sequence[float]:
    """The weight of each class.

    Args:
        weights: K numbers; or 'balanced', inversely proportional to the numbers of labels: N / (K · n_k).
        classes: K.
        data: The data module whose labels are counted.

    Returns:
        K weights.

    Raises:
        SemisupError: If there are more or fewer, or no labels to count.
    """
    if isinstance(weights, str):  # balanced
        if data is None:
            raise SemisupError("method.class_weights=balanced counts the labels of an SSLDataModule; list weights.")
        count = np.bincount(data.store.targets[data.split.labeled], minlength=classes)
        balanced: list[float] = (count.sum() / (len(count) * count.clip(1))).tolist()
        return balanced
    if len(weights) != classes:
        raise SemisupError(f"method.class_weights lists {len(weights)} classes, and the data has {classes}.")
    return weights
