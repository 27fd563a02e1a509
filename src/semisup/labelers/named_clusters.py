"""The clusters of a round: each image's cluster, and the class that each cluster stands for."""

import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from semisup.core.atomic_files import atomic_write
from semisup.core.errors import SemisupError


@dataclass(frozen=True)
class NamedClusters:
    """N images in k clusters.

    Args:
        index: Which images of the store, (N,) int64.
        assignment: The cluster of each, (N,) int64.
        distance: To its centroid, (N,) float32, as in Clustering.
        names: The class of each cluster, (k,) int64; -1 for none, and its images are dropped.
        objective: Of k-means after each iteration, (iterations,) float64.
    """

    index: NDArray[np.int64]
    assignment: NDArray[np.int64]
    distance: NDArray[np.float32]
    names: NDArray[np.int64]
    objective: NDArray[np.float64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Images of each cluster, (k,)."""
        return np.bincount(self.assignment, minlength=len(self.names))

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class that each image's cluster stands for, (N,); -1 for none."""
        return self.names[self.assignment]

    def save(self, file: Path) -> None:
        """Writes the arrays as .npz, under their names, atomically.

        Args:
            file: Where to.
        """
        with atomic_write(file) as temporary:
            np.savez_compressed(temporary, **asdict(self))

    @classmethod
    def load(cls, file: Path) -> "NamedClusters":
        """Reads clusters that were saved.

        Args:
            file: Where from.

        Returns:
            The clusters.

        Raises:
            SemisupError: If the file is damaged.
        """
        try:
            with file.open("rb") as stream, np.load(stream) as arrays:  # numpy leaves a damaged file open
                return cls(**arrays)
        except (OSError, ValueError, TypeError, EOFError, BadZipFile, zlib.error) as error:
            raise SemisupError(f"{file} is damaged ({error}); delete its folder to label again.") from error
