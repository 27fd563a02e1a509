"""Tensor functions of semi-supervised learning: no state, no randomness, and no gradient through a target."""

from semisup.methods.functional.losses import (
    cross_entropy,
    entropy,
    kl_divergence,
    mean_squared_error,
    weighted_cross_entropy,
)
from semisup.methods.functional.probabilities import (
    confusing_classes,
    distribution_alignment,
    sharpen,
    sharpened_softmax,
    truncated_gaussian,
)
from semisup.methods.functional.pseudo_labels import confident_classes, hard_pseudo_labels, soft_pseudo_labels
from semisup.methods.functional.rows import last_occurrence, mixup, unit
from semisup.models.outputs import Outputs

__all__ = [
    "Outputs",
    "confident_classes",
    "confusing_classes",
    "cross_entropy",
    "distribution_alignment",
    "entropy",
    "hard_pseudo_labels",
    "kl_divergence",
    "last_occurrence",
    "mean_squared_error",
    "mixup",
    "sharpen",
    "sharpened_softmax",
    "soft_pseudo_labels",
    "truncated_gaussian",
    "unit",
    "weighted_cross_entropy",
]
