"""Self-training of logistic regression on features, easy images first."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.ranges import Positive, PositiveInt, Probability, enforce_ranges
from semisup.labelers.feature_labeler import FeatureLabeler
from semisup.labelers.inputs import LabelerInputs, features_and_labeled
from semisup.labelers.logistic import logistic_regression
from semisup.labelers.reduction import principal_features
from semisup.labelers.selection import class_share

ITERATIONS = 30  # of L-BFGS in each round; 100 change no figure by more than .3 points


@enforce_ranges
class CurriculumLabeler(FeatureLabeler):
    """Curriculum labeling with logistic regression in the place of a network.

    Logistic regression is fitted to the labeled images. In each of R rounds, it labels the unlabeled images, and is
    fitted again to the labeled ones and to the most confident r/R of the others, with the class that it predicts. Its
    loss is the mean over labeled images plus λ times the mean over the others. So a few labels are not outvoted by
    many images that they taught.

    Source: Cascante-Bonilla et al., 2021, arXiv:2001.06001, whose rounds add 20 % each. Departures: the share is taken
    of each class; λ. Each round starts from the last one's weights, as the optimum does not depend on the start.

    Args:
        rounds: R.
        unlabeled_weight: λ.
        evenness: 0 takes the share of the images of each predicted class; 1 takes the same number of each class, which
            is better if all classes are equally frequent, and worse if they are not.
        class_weight: 'balanced' gives each class the same weight in the fit, whatever its number of images; 'none' is
            better if some classes are rare and the labeled images are a random sample.
        c: The inverse strength of the penalty, as if there were the labeled images alone.
        components: The number of principal components of the features, at most.
        base: Arguments of FeatureLabeler.
    """

    def __init__(
        self,
        *,
        rounds: PositiveInt = 5,
        unlabeled_weight: Positive = 2.0,
        evenness: Probability = 0.5,
        class_weight: Literal["balanced", "none"] = "balanced",
        c: Positive = 10.0,
        components: PositiveInt = 128,
        **base: Any,
    ) -> None:
        super().__init__(**base)
        self.rounds, self.unlabeled_weight, self.evenness = rounds, unlabeled_weight, evenness
        self.balanced, self.c, self.components = class_weight == "balanced", c, components

    def probabilities(self, inputs: LabelerInputs, classes: int) -> NDArray[np.float32]:
        """The probability of each class after the last round; 0 for a class without a labeled image.

        The principal components of the last features are kept: other labels of the same features are quick.

        Args:
            inputs: With features.
            classes: K.

        Returns:
            (N, K) float32.

        Raises:
            SemisupError: If there are no features, or no labeled images of two classes.
        """
        features, labeled = features_and_labeled(inputs, self, classes=2)
        points, label = self.prepared(features), inputs.label[labeled]
        weight = class_weights(label, self.balanced)
        classifier = logistic_regression(points[labeled], label, weight=weight, c=self.c, iterations=ITERATIONS)
        for done in range(1, self.rounds + 1):
            probability = classifier.probabilities(points, classes)[:, classifier.named]
            easy = class_share(probability, ~labeled, done / self.rounds, self.evenness)
            guess = classifier.named[probability[easy].argmax(1)]
            scale = self.unlabeled_weight * len(label) / max(len(guess), 1)
            classifier = logistic_regression(
                np.concatenate([points[labeled], points[easy]]),
                np.concatenate([label, guess]),
                weight=np.concatenate([weight, scale * class_weights(guess, self.balanced)]),
                c=self.c,
                iterations=ITERATIONS,
                start=classifier,
            )
        return classifier.probabilities(points, classes)

    def _prepare(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return principal_features(features, self.components)


def class_weights(label: NDArray[np.int64], balanced: bool) -> NDArray[np.float64]:
    """Weights of images, with mean 1.

    Args:
        label: Classes, (n,).
        balanced: Whether all classes that occur have the same sum of weights.

    Returns:
        (n,).
    """
    if not balanced:
        return np.ones(len(label))
    count = np.bincount(label)
    return len(label) / (count > 0).sum() / count[label]
