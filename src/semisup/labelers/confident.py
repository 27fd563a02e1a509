"""Pseudo-labels from a teacher's sure predictions."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError, did_you_mean
from semisup.labelers.inputs import LabelerInputs, Labels
from semisup.metrics.calibration import fit_temperature, softmax

Integers = NDArray[np.int64]


class ConfidenceLabeler:
    """Self-training, with the filtering and balancing of Noisy Student (Xie et al., 2020, arXiv:1911.04252, section 2).

    threshold: an image is kept if its largest probability, unsharpened, reaches it.
    targets: the predicted class (hard), or softmax(logits / temperature) (soft).
    per_class: at most so many images of each predicted class are kept, the most confident ones.
    balance: kept images are repeated until each class has as many as the largest one, or `per_class` of them.
    weight: of a kept image; times its confidence with weighting=confidence.
    calibrate: the logits are divided first by the temperature that fits the validation images.

    Among equally confident images the earlier row goes first. Departure: Xie et al. repeat images drawn at random; here
    all are repeated equally often, up to one, and the most confident ones get the one more.
    """

    def __init__(
        self,
        *,
        threshold: float = 0.8,
        targets: Literal["hard", "soft"] = "hard",
        temperature: float = 1.0,
        per_class: int | None = None,
        balance: bool = False,
        weight: float = 1.0,
        weighting: Literal["constant", "confidence"] = "constant",
        calibrate: bool = False,
    ) -> None:
        refuse_other("targets", targets, ("hard", "soft"))
        refuse_other("weighting", weighting, ("constant", "confidence"))
        if not 0 <= threshold <= 1:
            raise SemisupError(f"labeler.threshold is a probability; got {threshold}.")
        if not 0 < temperature < float("inf"):
            raise SemisupError(f"labeler.temperature is above 0; got {temperature}.")
        if targets == "hard" and temperature != 1:
            raise SemisupError("labeler.temperature shapes soft targets: it needs labeler.targets=soft.")
        if per_class is not None and per_class < 1:
            raise SemisupError(f"labeler.per_class is at least 1; got {per_class}.")
        if not 0 < weight < float("inf"):
            raise SemisupError(f"labeler.weight is above 0; got {weight}.")
        self.threshold, self.targets, self.temperature = threshold, targets, temperature
        self.per_class, self.balance = per_class, balance
        self.weight, self.weighting, self.calibrate = weight, weighting, calibrate

    def __call__(self, inputs: LabelerInputs) -> Labels:
        """Labels of the bank's images; those that are labeled get weight 0 and count for nothing.

        copies is 0 where an image is not kept. Raises SemisupError without logits, or to calibrate without validation.
        """
        logits = self._logits(inputs)  # (N, K)
        probability = softmax(logits)
        predicted = probability.argmax(-1)
        confidence = probability.max(-1).astype(np.float32)
        kept = (inputs.label < 0) & (confidence >= self.threshold)
        place = rank(probability.max(-1), predicted, kept)  # float64 tells sure images apart that float32 rounds to 1
        if self.per_class is not None:
            kept &= place < self.per_class
        weight = self.weight * (confidence if self.weighting == "confidence" else np.ones_like(confidence))
        return Labels(
            target=predicted if self.targets == "hard" else softmax(logits, self.temperature).astype(np.float32),
            weight=np.where(kept, weight, 0).astype(np.float32),
            confidence=confidence,
            copies=balanced(place, predicted, kept, self.per_class) if self.balance else None,
        )

    def _logits(self, inputs: LabelerInputs) -> NDArray[np.floating]:
        if inputs.logits is None:
            raise SemisupError("the labeler Confident needs a teacher's predictions, and no network is trained yet.")
        if not self.calibrate:
            return inputs.logits
        validation = inputs.validation
        if validation is None or validation.logits is None or len(validation.label) == 0:
            raise SemisupError("labeler.calibrate needs validation images: ask for data.validation.")
        return inputs.logits.astype(np.float64) / fit_temperature(validation.logits, validation.label)


def rank(confidence: NDArray[np.floating], predicted: Integers, kept: NDArray[np.bool_]) -> Integers:
    """Place of each kept image among the kept ones of its predicted class, (N,): 0 is the most confident, ties by row.

    confidence, predicted, kept: (N,). The place of images that are not kept is 0.
    """
    rows = np.flatnonzero(kept)
    rows = rows[np.lexsort((-confidence[rows], predicted[rows]))]  # class after class, each from sure to unsure
    _, start, count = np.unique(predicted[rows], return_index=True, return_counts=True)
    place = np.zeros(len(kept), np.int64)
    place[rows] = np.arange(len(rows)) - np.repeat(start, count)
    return place


def balanced(place: Integers, predicted: Integers, kept: NDArray[np.bool_], goal: int | None = None) -> Integers:
    """How often each image is repeated, (N,), so that every class with kept images gets `goal` of them.

    goal: None = the size of the largest class. The first in place get one more where it does not divide. Not kept: 0.
    """
    size = np.bincount(predicted[kept], minlength=predicted.max(initial=0) + 1)
    if goal is None:
        goal = int(size.max(initial=0))
    times, more = np.divmod(goal, np.maximum(size, 1))  # (K,), (K,)
    return np.where(kept, times[predicted] + (place < more[predicted]), 0)


def refuse_other(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SemisupError(f"labeler.{option}={value} is not valid; {did_you_mean(value, choices)}")
