"""Pseudo-labels from a mixture of Gaussians, one for each class."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.core.ranges import PositiveInt, Probability, enforce_ranges
from semisup.labelers.feature_labeler import FeatureLabeler
from semisup.labelers.inputs import LabelerInputs, features_and_labeled
from semisup.labelers.reduction import principal_features
from semisup.metrics.calibration import softmax

Floats = NDArray[np.floating]
CHANGE = 1e-3  # of a probability; EM stops when none changes more


@enforce_ranges
class MixtureLabeler(FeatureLabeler):
    """A Gaussian for each class, fitted to labeled and unlabeled images by expectation maximization (EM).

    The features are scaled to length 1 and projected onto principal components. All classes share one covariance, of
    which a part is replaced by a multiple of the identity. Labeled images keep their class in every step.

    Source: Miller and Uyar, NIPS 1996, and SemiOccam, 2025, which has several Gaussians for each class of features of a
    frozen network. Departures: one Gaussian for each class, and one covariance, as there are few labels.

    Args:
        components: The number of principal components, at most.
        shrinkage: The part of the covariance that is replaced.
        prior: The share of each class is 1/K ('uniform'), or 'estimated' in every step: halfway between the share of
            its images and 1/K.
        iterations: Of EM, at most.
        base: Arguments of FeatureLabeler.
    """

    def __init__(
        self,
        *,
        components: PositiveInt = 64,
        shrinkage: Probability = 0.1,
        prior: Literal["uniform", "estimated"] = "uniform",
        iterations: PositiveInt = 50,
        **base: Any,
    ) -> None:
        super().__init__(**base)
        self.components, self.shrinkage, self.prior, self.iterations = components, shrinkage, prior, iterations

    def probabilities(self, inputs: LabelerInputs, classes: int) -> NDArray[np.float32]:
        """The posterior of each class; 0 for a class without a labeled image.

        The principal components of the last features are kept: other labels of the same features are quick.

        Args:
            inputs: With features.
            classes: K.

        Returns:
            (N, K) float32.

        Raises:
            SemisupError: If there are no features, or no labeled image.
        """
        features, labeled = features_and_labeled(inputs, self)
        points = self.prepared(features).astype(np.float64)
        named = np.unique(inputs.label[labeled])  # the classes that have a Gaussian
        clamped = (inputs.label[labeled][:, None] == named).astype(np.float64)
        posterior = np.zeros((len(points), classes), np.float32)
        posterior[:, named] = self._fit(points, labeled, clamped)
        return posterior

    def _prepare(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return principal_features(features, self.components)

    def _fit(self, points: Floats, labeled: NDArray[np.bool_], clamped: Floats) -> Floats:
        """The posterior of each class, (N, C). It starts from the labeled images' means and the covariance of all."""
        count, products = len(points), points.T @ points
        covariance = products / count - np.outer(points.mean(0), points.mean(0))
        means = clamped.T @ points[labeled] / clamped.sum(0)[:, None]  # (C, d)
        prior = np.full(len(means), 1 / len(means))
        posterior = np.zeros((count, len(means)))
        for _ in range(self.iterations):
            before, posterior = (
                posterior,
                softmax(log_densities(points, means, self._shrunk(covariance)) + np.log(prior)),
            )
            posterior[labeled] = clamped
            if np.abs(posterior - before).max() < CHANGE:
                break
            size = posterior.sum(0)  # (C,), at least 1: the labeled images
            means = posterior.T @ points / size[:, None]
            covariance = (products - (means.T * size) @ means) / count
            if self.prior == "estimated":
                prior = (size / count + 1 / len(size)) / 2
        return posterior

    def _shrunk(self, covariance: Floats) -> Floats:
        variance = np.trace(covariance) / len(covariance)
        if variance <= 0:
            raise SemisupError(
                "MixtureLabeler: the features of each class are all the same; a mixture needs a variance."
            )
        # A trace of the identity beside it, so that shrinkage=0 does not fail where a direction has no variance.
        shrinkage = max(self.shrinkage, 1e-6)
        return (1 - shrinkage) * covariance + shrinkage * variance * np.eye(len(covariance))


def log_densities(points: Floats, means: Floats, covariance: Floats) -> Floats:
    """The logarithm of each Gaussian's density, up to a term that all Gaussians share.

    Args:
        points: (N, d).
        means: (C, d).
        covariance: Of all Gaussians, (d, d).

    Returns:
        (N, C).
    """
    weights = np.linalg.solve(covariance, means.T)  # (d, C)
    return points @ weights - (means.T * weights).sum(0) / 2
