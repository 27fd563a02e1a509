"""What a clustering has found: each image's cluster, and the class that each cluster stands for."""

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

    index: (N,) int64, which images of the store. assignment: (N,) int64, the cluster of each. distance: (N,) float32,
    to its centroid, as in labelers/kmeans.py. names: (k,) int64, the class of each cluster; -1 = none, and its images
    are dropped. objective: (iterations,) float64, of k-means after each iteration.
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
        """The class that each image's cluster stands for, (N,); -1 = none."""
        return self.names[self.assignment]

    def save(self, file: Path) -> None:
        """Writes the arrays as .npz, under their names; all of it or nothing. Raises SemisupError if it cannot."""
        with atomic_write(file) as draft:
            np.savez_compressed(draft, **asdict(self))

    @classmethod
    def load(cls, file: Path) -> "NamedClusters":
        """Reads what was saved. Raises SemisupError, naming the file, if it is damaged."""
        try:
            with np.load(file) as arrays:
                return cls(**arrays)
        except (OSError, ValueError, TypeError, EOFError, BadZipFile, zlib.error) as error:
            raise SemisupError(f"{file} is damaged ({error}); delete its folder to label anew.") from error
