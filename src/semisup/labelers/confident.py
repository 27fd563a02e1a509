"""Pseudo-labels from a teacher's confident predictions."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.core.ranges import NonNegative, Positive, PositiveInt, Probability, Range, enforce_ranges
from semisup.labelers.inputs import LabelerInputs, Labels
from semisup.labelers.selection import class_share, rank_in_class, rarity_quotas
from semisup.metrics.calibration import fit_temperature, softmax

Integers = NDArray[np.int64]


@enforce_ranges
class ConfidenceLabeler:
    """Self-training, with the filtering and balancing of Noisy Student.

    Among equally confident images, the earlier row comes first.

    With `rarity`, it is the labeler of CReST: the fewer labels a class has, the larger the share of its images that are
    kept.

    `share` is curriculum labeling (Cascante-Bonilla et al., 2021, arXiv:2001.06001): write threshold=0, share=.2 and
    five rounds. Departure: their share is of all images, here it is of each predicted class.

    Source: Xie et al., 2020, arXiv:1911.04252, section 2. Departure: they repeat images drawn at random; here all
    images of a class are repeated equally often, up to one, and the most confident ones are repeated once more.

    Args:
        threshold: An image is kept if its largest probability, unsharpened, is at least this.
        targets: 'hard' is the predicted class, 'soft' is softmax(logits / temperature).
        temperature: Of soft targets.
        per_class: At most so many images of each predicted class are kept, the most confident ones; None for all.
        rarity: α of CReST: of the class of rank l among K, by falling number of labels N, the most confident
            (N_(K + 1 - l) / N_1)^α are kept. 0 keeps all; the paper has 1/3.
        share: After r rounds of students, only the most confident share · (r + 1) of the unlabeled images of each
            predicted class are kept; None for all.
        balance: Whether kept images are repeated until each class has as many as the largest class, or `per_class`.
        weight: Of a kept image.
        weighting: 'confidence' multiplies the weight by the confidence.
        calibrate: Whether the logits are first divided by the temperature that fits the validation images.

    Raises:
        SemisupError: If there is a temperature without soft targets.
    """

    reads: ClassVar[tuple[str, ...]] = ("logits",)

    def __init__(
        self,
        *,
        threshold: Probability = 0.8,
        targets: Literal["hard", "soft"] = "hard",
        temperature: Positive = 1.0,
        per_class: PositiveInt | None = None,
        rarity: NonNegative = 0.0,
        share: Annotated[float, Range(0, 1, above=True)] | None = None,
        balance: bool = False,
        weight: Positive = 1.0,
        weighting: Literal["constant", "confidence"] = "constant",
        calibrate: bool = False,
    ) -> None:
        if targets == "hard" and temperature != 1:
            raise SemisupError("labeler.temperature is for soft targets: it needs labeler.targets=soft.")
        self.threshold, self.targets, self.temperature = threshold, targets, temperature
        self.per_class, self.share, self.rarity, self.balance = per_class, share, rarity, balance
        self.weight, self.weighting, self.calibrate = weight, weighting, calibrate

    def __call__(self, inputs: LabelerInputs) -> Labels:
        """Labels images. Labeled ones get weight 0, and do not count for the balance; images not kept get copies 0.

        Args:
            inputs: With logits; to calibrate, with validation images.

        Returns:
            N pseudo-labels.

        Raises:
            SemisupError: If logits or validation images are missing.
        """
        logits = self._logits(inputs)  # (N, K)
        probability = softmax(logits)
        predicted = probability.argmax(-1)
        confidence = probability.max(-1).astype(np.float32)
        kept = (inputs.label < 0) & (confidence >= self.threshold)
        # In float64, as float32 rounds the highest confidences to 1.
        rank = rank_in_class(probability.max(-1), predicted, kept)
        if self.share is not None:
            kept &= class_share(probability, inputs.label < 0, min(1.0, self.share * (inputs.round + 1)), 0)
        if self.per_class is not None:
            kept &= rank < self.per_class
        if self.rarity:
            labels = np.bincount(inputs.label[inputs.label >= 0], minlength=logits.shape[1])
            quotas = rarity_quotas(labels, np.bincount(predicted[kept], minlength=len(labels)), self.rarity)
            kept &= rank < quotas[predicted]
        weight = self.weight * (confidence if self.weighting == "confidence" else np.ones_like(confidence))
        return Labels(
            target=predicted if self.targets == "hard" else softmax(logits, self.temperature).astype(np.float32),
            weight=np.where(kept, weight, 0).astype(np.float32),
            confidence=confidence,
            copies=_balancing_copies(rank, predicted, kept, self.per_class) if self.balance else None,
        )

    def _logits(self, inputs: LabelerInputs) -> NDArray[np.floating]:
        if inputs.logits is None:
            raise SemisupError("ConfidenceLabeler needs a teacher's predictions, and no network is trained yet.")
        if not self.calibrate:
            return inputs.logits
        validation = inputs.validation
        if validation is None or validation.logits is None or len(validation.label) == 0:
            raise SemisupError("labeler.calibrate needs validation images: ask for data.validation.")
        return inputs.logits.astype(np.float64) / fit_temperature(validation.logits, validation.label)


def _balancing_copies(
    rank: Integers, predicted: Integers, kept: NDArray[np.bool_], goal: int | None = None
) -> Integers:
    """How often each image is repeated, (N,), so that every class with kept images gets `goal` of them.

    goal: None for the size of the largest class. If it does not divide, the first ranks get one more. Not kept: 0.
    """
    size = np.bincount(predicted[kept], minlength=predicted.max(initial=0) + 1)
    if goal is None:
        goal = int(size.max(initial=0))
    times, more = np.divmod(goal, np.maximum(size, 1))  # (K,), (K,)
    return np.where(kept, times[predicted] + (rank < more[predicted]), 0)
