"""What a labeler is given, and what it gives back."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LabelerInputs:
    """What is known of some images between two rounds; row i of each array is image `index[i]` of the store.

    index: (N,) int64. label: (N,) int64, the class of labeled images and -1 of unlabeled ones. logits: (N, K) float32,
    the teacher's on plain views. features: (N, D) float32, an embedding. validation: the same of the validation images,
    with their classes, to calibrate on; None where there are none.
    """

    index: NDArray[np.int64]
    label: NDArray[np.int64]
    logits: NDArray[np.float32] | None = None
    features: NDArray[np.float32] | None = None
    validation: "LabelerInputs | None" = None


class Labels(NamedTuple):
    """Pseudo-labels of a bank's images, row by row.

    target: (N,) int64 classes or (N, K) float32 probabilities. weight: (N,) float32 in the loss; 0 = not kept.
    confidence: (N,) float32 in [0, 1], for people and for the audit. copies: (N,) int64, how often a kept image is in a
    pass over the stream; None = once.
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
        """The labels of some of the bank's rows."""
        copies = None if self.copies is None else self.copies[rows]
        return Labels(self.target[rows], self.weight[rows], self.confidence[rows], copies)


class Labeler(Protocol):
    """Turns what is known of the images into pseudo-labels. Labeled images' rows are ignored.

    A labeler with an attribute `reads`, a tuple, gets what it names of logits and features; without one, the logits.
    One whose labels come from clusters may have an attribute `clusters`, a NamedClusters of the bank's images after a
    call: these are then kept with the labels, measured and drawn.
    """

    def __call__(self, inputs: LabelerInputs) -> Labels: ...
