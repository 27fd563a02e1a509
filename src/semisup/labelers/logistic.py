"""Logistic regression on features: what the labels alone are worth, without unlabeled images."""

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.ranges import Positive, enforce_ranges
from semisup.labelers.feature_labeler import FeatureLabeler
from semisup.labelers.inputs import LabelerInputs, features_and_labeled
from semisup.labelers.points import checked_points
from semisup.metrics.calibration import softmax

Floats = NDArray[np.floating]
CANDIDATES = (1.0, 10.0, 100.0, 1000.0)  # of C
WITHOUT_FOLDS = 10.0  # C if a class has one labeled image; from 1 to 1000 the accuracy differs by about a point
FOLDS = 5


@dataclass(frozen=True)
class LinearClassifier:
    """A linear classifier of features.

    Args:
        weight: (D, C).
        bias: (C,).
        named: The classes that the columns stand for, (C,) int64, ascending.
        c: The inverse strength of the penalty that it was fitted with.
    """

    weight: Floats
    bias: Floats
    named: NDArray[np.int64]
    c: float

    def probabilities(self, points: NDArray[np.float32], classes: int) -> NDArray[np.float32]:
        """The probability of each class.

        Args:
            points: (N, D), scaled as those of the fit.
            classes: K.

        Returns:
            (N, K) float32; 0 for a class that the classifier does not know.
        """
        found = np.zeros((len(points), classes), np.float32)
        found[:, self.named] = softmax(points @ self.weight.astype(np.float32) + self.bias)
        return found


@enforce_ranges
def logistic_regression(
    points: NDArray[np.float32],
    label: NDArray[np.int64],
    *,
    c: Positive | Literal["auto"] = "auto",
    class_weight: Literal["balanced", "none"] = "none",
    weight: Floats | None = None,
    iterations: int = 300,
    start: LinearClassifier | None = None,
) -> LinearClassifier:
    """Multinomial logistic regression by scikit-learn's L-BFGS.

    With fewer images than numbers of each image, it is fitted in the span of the images. The penalty makes that exact.

    Args:
        points: (n, D) float32, best of length 1 each.
        label: Their classes, (n,).
        c: The inverse strength of the penalty. 'auto' is the one of 1, 10, 100 and 1000 with the least cross-entropy in
            stratified cross-validation of at most 5 folds, or 10 if a class has one image only.
        class_weight: 'balanced' gives each class the same weight, whatever its number of images.
        weight: Of each image in the loss, (n,), with a given c; None for 1 each.
        iterations: At most.
        start: A classifier of the same classes to start from, if there are at least D images; None for zero.

    Returns:
        The classifier.

    Raises:
        SemisupError: If an option is out of range.
    """
    basis = None
    if len(points) < points.shape[1]:
        basis, rest = np.linalg.qr(points.T)  # (D, n), (n, n)
        points = np.ascontiguousarray(rest.T)
        start = None
    strength = _chosen_c(points, label, class_weight, iterations) if c == "auto" else c
    matrix, bias, named = _fit(points, label, strength, class_weight, iterations, weight, start)
    return LinearClassifier(matrix if basis is None else basis @ matrix, bias, named, strength)


@enforce_ranges
class LogisticLabeler(FeatureLabeler):
    """Logistic regression on the labeled images' features, scaled to length 1. Unlabeled images teach it nothing.

    Args:
        c: As in `logistic_regression`.
        class_weight: As in `logistic_regression`.
        base: Arguments of FeatureLabeler.
    """

    labels_alone: ClassVar[bool] = True

    def __init__(
        self,
        *,
        c: Positive | Literal["auto"] = "auto",
        class_weight: Literal["balanced", "none"] = "none",
        **base: Any,
    ) -> None:
        super().__init__(**base)
        self.options: dict[str, Any] = {"c": c, "class_weight": class_weight}

    def probabilities(self, inputs: LabelerInputs, classes: int) -> NDArray[np.float32]:
        """The probability of each class; 0 for a class without a labeled image.

        Args:
            inputs: With features.
            classes: K.

        Returns:
            (N, K) float32.

        Raises:
            SemisupError: If there are no features, or no labeled images of two classes.
        """
        features, labeled = features_and_labeled(inputs, self, classes=2)
        points = self.prepared(features)
        classifier = logistic_regression(points[labeled], inputs.label[labeled], **self.options)
        return classifier.probabilities(points, classes)

    def _prepare(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return checked_points(features, spherical=True)


def _fit(
    points: Floats,
    label: NDArray[np.int64],
    c: float,
    class_weight: str,
    iterations: int,
    image_weight: Floats | None = None,
    start: LinearClassifier | None = None,
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """The weight (D, C), the bias (C,) and the classes (C,)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    balanced = "balanced" if class_weight == "balanced" else None
    model = LogisticRegression(C=c, class_weight=balanced, max_iter=iterations, warm_start=True)
    if start is not None:
        sign = slice(1, None) if len(start.named) == 2 else slice(None)
        model.coef_, model.intercept_, model.classes_ = start.weight.T[sign], start.bias[sign], start.named
    with warnings.catch_warnings():  # the optimum is flat: after some iterations the accuracy does not change any more
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(points, label, image_weight)
    weight, bias = model.coef_.T, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn has one column, the logit of the second class
        weight, bias = np.concatenate([0 * weight, weight], 1), np.concatenate([0 * bias, bias])
    return weight, bias, model.classes_


def _chosen_c(points: Floats, label: NDArray[np.int64], class_weight: str, iterations: int) -> float:
    from sklearn.model_selection import StratifiedKFold

    folds = min(FOLDS, int(np.unique(label, return_counts=True)[1].min()))
    if folds < 2:
        return WITHOUT_FOLDS
    splits = list(StratifiedKFold(folds, shuffle=True, random_state=0).split(points, label))

    def cross_entropy(c: float) -> float:
        losses = []
        for fitted, held_out in splits:
            weight, bias, named = _fit(points[fitted], label[fitted], c, class_weight, iterations)
            probability = softmax(points[held_out] @ weight + bias)
            own = probability[np.arange(len(held_out)), np.searchsorted(named, label[held_out])]
            losses.append(-np.log(np.maximum(own, 1e-12)).sum())
        return float(sum(losses))

    return min(CANDIDATES, key=cross_entropy)
