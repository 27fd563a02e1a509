"""What labelers have in common that find the probability of each class from features."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.ranges import Positive, Probability, enforce_ranges
from semisup.labelers.inputs import LabelerInputs, Labels

Weighting = Literal["constant", "confidence", "certainty"]


@enforce_ranges
class FeatureLabeler(ABC):
    """A labeler that finds the probability of each class from features.

    Args:
        targets: 'hard' is the most probable class, 'soft' are all probabilities.
        threshold: An image is kept if its largest probability is at least this.
        weighting: 'confidence' multiplies the weight by the largest probability p, 'certainty' by 1 - entropy / log K,
            divided by the largest one of an unlabeled image.
        weight: Of a kept image.
    """

    reads: ClassVar[tuple[str, ...]] = ("features",)
    labels_alone: ClassVar[bool] = False

    def __init__(
        self,
        *,
        targets: Literal["hard", "soft"] = "hard",
        threshold: Probability = 0.0,
        weighting: Weighting = "constant",
        weight: Positive = 1.0,
    ) -> None:
        self.targets, self.threshold = targets, threshold
        self.weighting, self.weight = weighting, weight
        self._last: tuple[NDArray[np.float32], Any] | None = None

    @abstractmethod
    def probabilities(self, inputs: LabelerInputs, classes: int) -> NDArray[np.float32]:
        """The probability of each class for all images, labeled ones among them.

        Args:
            inputs: With features (N, D).
            classes: K. Classes without a labeled image are possible.

        Returns:
            (N, K) float32.

        Raises:
            SemisupError: If the features or the labels do not suffice.
        """

    def prepared(self, features: NDArray[np.float32]) -> Any:
        """What is made of the features without the labels, such as a graph. That of the last features is kept.

        Args:
            features: (N, D) float32, which nobody changes in place.

        Returns:
            The result of `_prepare`.
        """
        if self._last is None or self._last[0] is not features:
            self._last = features, self._prepare(features)
        return self._last[1]

    def _prepare(self, features: NDArray[np.float32]) -> Any:
        return features

    def __call__(self, inputs: LabelerInputs) -> Labels:
        """Labels images. Labeled ones get weight 0, and so do images whose classes are all equally probable.

        Args:
            inputs: With features.

        Returns:
            N pseudo-labels. The confidence is the largest probability.

        Raises:
            SemisupError: If the features or the labels do not suffice.
        """
        probability = self.probabilities(inputs, inputs.class_count)
        confidence = probability.max(1)
        kept = (inputs.label < 0) & (confidence >= self.threshold) & (confidence > probability.min(1))
        factor = np.ones_like(confidence)
        if self.weighting == "confidence":
            factor = confidence
        elif self.weighting == "certainty":
            factor = certainty(probability)
            factor = factor / (factor[inputs.label < 0].max(initial=0) or 1)
        return Labels(
            target=probability if self.targets == "soft" else probability.argmax(1),
            weight=np.where(kept, self.weight * factor, 0).astype(np.float32),
            confidence=confidence,
        )


def certainty(probability: NDArray[np.floating]) -> NDArray[np.floating]:
    """How certain probabilities are: 1 - entropy / log K.

    Source: Iscen et al., 2019, arXiv:1904.04717, eq. 11.

    Args:
        probability: (N, K).

    Returns:
        (N,), from 0 for K equal ones to 1.
    """
    entropy = -(probability * np.log(np.where(probability > 0, probability, 1))).sum(1)
    return np.clip(1 - entropy / np.log(max(probability.shape[1], 2)), 0, 1)
