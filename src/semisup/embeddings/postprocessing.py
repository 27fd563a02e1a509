"""What may follow any embedding: PCA-whitening, and vectors of length 1."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from semisup.core.ranges import PositiveInt
from semisup.embeddings.base import BLOCK, Features
from semisup.embeddings.projection import PrincipalComponents, ReadBlocks

Whitening = bool | PositiveInt  # whether features are whitened; a number is that of the components kept


@dataclass(frozen=True)
class Postprocessing:
    """Projects features onto principal components, then scales each vector to length 1.

    Args:
        components: The principal components; None leaves the features as they are.
        normalize: Whether vectors get length 1.
    """

    components: PrincipalComponents | None = None
    normalize: bool = False

    @classmethod
    def of(cls, normalize: bool, whiten: Whitening) -> "Postprocessing":
        """The postprocessing of an embedding's options.

        Args:
            normalize: Whether vectors get length 1.
            whiten: Whether features are projected onto whitened principal components; a number keeps that many.

        Returns:
            The postprocessing.
        """
        count = None if isinstance(whiten, bool) else whiten
        return cls(PrincipalComponents(components=count) if whiten else None, normalize)

    def __bool__(self) -> bool:
        return self.normalize or self.components is not None

    def __call__(self, read: ReadBlocks, fit: ReadBlocks | None = None) -> Iterator[Features]:
        """Yields the processed blocks of what `read` reads. The components are fitted on `fit`, or else on the same."""
        projection = self.components.fit(fit or read) if self.components else None
        for block in read():
            projected = projection(block) if projection else block
            yield _normalized(projected) if self.normalize else projected

    def describe(self) -> dict[str, Any]:
        """The options, for the description of an embedding."""
        return {"components": asdict(self.components) if self.components else None, "normalize": self.normalize}


def _normalized(block: Features) -> Features:
    """Rows (b, D) scaled to length 1. A row of zeros stays one."""
    length = np.linalg.norm(block, axis=1, keepdims=True)
    return (block / np.maximum(length, np.finfo(np.float32).tiny)).astype(np.float32)


def read_blocks(features: Features) -> Iterator[Features]:
    """Reads an array block by block.

    Args:
        features: (N, D), perhaps mapped from a file.

    Yields:
        Blocks (b, D).
    """
    for start in range(0, len(features), BLOCK):
        yield np.asarray(features[start : start + BLOCK])
