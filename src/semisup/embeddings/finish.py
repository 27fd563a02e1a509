"""What may follow any embedding: PCA-whitening, and vectors of length 1."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from semisup.core.errors import SemisupError
from semisup.embeddings.base import BLOCK, Features
from semisup.embeddings.projection import Read, Reduction


@dataclass(frozen=True)
class Finish:
    """First principal components, then length 1. reduction: None = the features as they are. normalize: L2, or not."""

    reduction: Reduction | None = None
    normalize: bool = False

    def __bool__(self) -> bool:
        return self.normalize or self.reduction is not None

    def __call__(self, read: Read, fit: Read | None = None) -> Iterator[Features]:
        """The finished blocks of what `read` reads. fit: what the components are fitted on, if not on the same."""
        projection = self.reduction.fit(fit or read) if self.reduction else None
        for block in read():
            projected = projection(block) if projection else block
            yield unit(projected) if self.normalize else projected

    def words(self) -> dict[str, Any]:
        """Its settings, as they stand in a key."""
        return {"components": asdict(self.reduction) if self.reduction else None, "normalize": self.normalize}


def finish(normalize: bool, whiten: bool | int) -> Finish:
    """The options of an embedding. whiten: True = onto all principal components, a number = onto that many."""
    if not isinstance(whiten, bool) and whiten < 1:
        raise SemisupError(f"embedding.whiten={whiten} is not valid: it is true, false, or a number from 1 on.")
    components = None if isinstance(whiten, bool) else whiten
    return Finish(Reduction(components=components) if whiten else None, normalize)


def unit(block: Features) -> Features:
    """Rows (b, D) scaled to length 1. A row of zeros stays one."""
    length = np.linalg.norm(block, axis=1, keepdims=True)
    return (block / np.maximum(length, np.finfo(np.float32).tiny)).astype(np.float32)


def blocks_of(features: Features) -> Iterator[Features]:
    """An array (N, D), perhaps on disk, block by block."""
    for start in range(0, len(features), BLOCK):
        yield np.asarray(features[start : start + BLOCK])
