"""The pixels themselves."""

from pathlib import Path

from semisup.core.ranges import enforce_ranges
from semisup.data import Store
from semisup.embeddings.base import Features, Rows, describe_images
from semisup.embeddings.cache import cached
from semisup.embeddings.plain import plain_pixels
from semisup.embeddings.postprocessing import Postprocessing, Whitening


@enforce_ranges
class PixelEmbedding:
    """The pixels of the plain view, channel by channel, D = C · H · W; of a table its standardized columns.

    Args:
        normalize: Whether each vector is scaled to length 1, after whitening.
        whiten: Whether they are projected onto whitened principal components; a number keeps that many.
    """

    def __init__(self, *, normalize: bool = False, whiten: Whitening = False) -> None:
        self.postprocessing = Postprocessing.of(normalize, whiten)

    def __call__(self, store: Store, rows: Rows, folder: Path | None = None) -> Features:
        description = {"embedding": "pixels", **describe_images(store, rows), **self.postprocessing.describe()}
        return cached(folder, description, len(rows), lambda: self.postprocessing(lambda: plain_pixels(store, rows)))
