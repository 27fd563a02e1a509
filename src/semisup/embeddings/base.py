"""What an embedding is."""

import hashlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.data import Store

Rows = NDArray[np.int64]
Features = NDArray[np.float32]
BLOCK = 1024  # rows read at a time where no network sets the size of a batch


class Embedding(Protocol):
    """Maps images to vectors.

    All processes call it together. Those that have joined a process group share the batches of a network, and the first
    one does the rest. Before they have joined, the first one does everything. Without a folder, each process computes
    its own features.
    """

    def __call__(self, store: Store, rows: Rows, folder: Path | None = None) -> Features:
        """Embeds images in the plain view.

        Args:
            store: The images.
            rows: Which of them, (N,) int64.
            folder: Where features are kept, in a folder each, named by everything that they depend on; None for
                nowhere.

        Returns:
            (N, D) float32: row i is of `store.images[rows[i]]`. It is memory-mapped if it is kept.
        """
        ...


def describe_images(store: Store, rows: Rows) -> dict[str, Any]:
    """The images of an embedding, for its description.

    Args:
        store: The images.
        rows: Which of them, (N,) int64.

    Returns:
        The data set's name, the fingerprint of its images, and a hash of the rows.

    Raises:
        SemisupError: If there are no images.
    """
    if not len(rows):
        raise SemisupError(f"there are no images of {store.name} to embed.")
    digest = hashlib.sha256(np.asarray(rows, np.int64).tobytes()).hexdigest()
    return {"data": store.name, "fingerprint": store.images_fingerprint, "rows": digest}
