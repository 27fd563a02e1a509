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
    """Turns images into vectors.

    store: the images. rows: (N,) int64, which of them. folder: where embeddings are kept, in a folder each, named by
    all that they depend on; None keeps nothing. Returns (N, D) float32: row i is the embedding of
    `store.images[rows[i]]` in the plain view, memory-mapped where it is kept. All processes call it together: those
    that have joined share a network's batches, and the first one does the rest; before they have, it does everything.
    Without a folder, each process makes its own.
    """

    def __call__(self, store: Store, rows: Rows, folder: Path | None = None) -> Features: ...


def which(store: Store, rows: Rows) -> dict[str, Any]:
    """The images of an embedding, as they stand in its key. Raises SemisupError where there are none."""
    if not len(rows):
        raise SemisupError(f"there are no images of {store.name} to embed.")
    digest = hashlib.sha256(np.asarray(rows, np.int64).tobytes()).hexdigest()
    return {"data": store.name, "fingerprint": store.fingerprint, "rows": digest}
