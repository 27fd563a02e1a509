"""What a labeler is given, and what it returns."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError


@dataclass(frozen=True)
class LabelerInputs:
    """What is known of some images between two rounds; row i of each array is of image `index[i]` of the store.

    Args:
        index: (N,) int64.
        label: The classes of labeled images, (N,) int64; -1 for unlabeled ones.
        logits: Of the teacher on plain views, (N, K) float32.
        features: An embedding, (N, D) float32.
        validation: The same of the validation images, with their classes, for calibration; None without any.
        classes: K; None if no class is larger than those of the labels.
        round: How many rounds of students there were before.
    """

    index: NDArray[np.int64]
    label: NDArray[np.int64]
    logits: NDArray[np.float32] | None = None
    features: NDArray[np.float32] | None = None
    validation: "LabelerInputs | None" = None
    classes: int | None = None
    round: int = 0

    @property
    def class_count(self) -> int:
        """K, the number of classes."""
        return int(self.label.max(initial=-1)) + 1 if self.classes is None else self.classes


class Labels(NamedTuple):
    """Pseudo-labels of the images of LabelerInputs, row by row.

    Args:
        target: Classes (N,) int64, or probabilities (N, K) float32.
        weight: Of each image in the loss, (N,) float32; 0 for an image that is not kept.
        confidence: From 0 to 1, (N,) float32; for people and for the audit.
        copies: How often a kept image is in one pass over the stream, (N,) int64; None for once.
    """

    target: NDArray[np.int64] | NDArray[np.float32]
    weight: NDArray[np.float32]
    confidence: NDArray[np.float32]
    copies: NDArray[np.int64] | None = None

    @property
    def classes(self) -> NDArray[np.int64]:
        """The most probable class of each image, (N,)."""
        return self.target.argmax(-1) if self.target.ndim == 2 else self.target.astype(np.int64, copy=False)

    def of(self, rows: NDArray[np.int64]) -> "Labels":
        """The labels of some rows.

        Args:
            rows: (n,) int64.

        Returns:
            n labels.
        """
        copies = None if self.copies is None else self.copies[rows]
        return Labels(self.target[rows], self.weight[rows], self.confidence[rows], copies)


class Labeler(Protocol):
    """Turns what is known of the images into pseudo-labels. The rows of labeled images are ignored.

    A labeler by clusters may set an attribute `clusters` in a call, a NamedClusters of the same images. It is then kept
    with the labels, evaluated and drawn.

    Attributes:
        reads: What it needs of the images: logits, features, or both.
        labels_alone: Whether unlabeled images teach it nothing.
    """

    reads: ClassVar[tuple[str, ...]] = ("logits",)
    labels_alone: ClassVar[bool] = False

    def __call__(self, inputs: LabelerInputs) -> Labels:
        """Labels images.

        Args:
            inputs: What is known of N images.

        Returns:
            N pseudo-labels.
        """
        ...


def features_and_labeled(
    inputs: LabelerInputs, labeler: object, classes: int = 1
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The features of images, and which images are labeled.

    Args:
        inputs: Of N images.
        labeler: The labeler that needs both, for messages.
        classes: How many classes must have labeled images, 1 or 2.

    Returns:
        (N, D) float32 and (N,) bool.

    Raises:
        SemisupError: If there are no features, or no image is labeled, or those of one class only.
    """
    name = type(labeler).__name__
    if inputs.features is None:
        raise SemisupError(f"{name} needs embeddings of the images, and there are none.")
    labeled = inputs.label >= 0
    if not labeled.any():
        raise SemisupError(f"{name} needs labeled images, and none of the {len(labeled)} images is labeled.")
    if classes > 1 and len(np.unique(inputs.label[labeled])) < classes:
        raise SemisupError(f"{name} needs labeled images of two classes at least; there is one.")
    return inputs.features, labeled
