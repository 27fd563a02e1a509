"""The pixels themselves."""

from pathlib import Path

from semisup.data import Store
from semisup.embeddings.base import Features, Rows, which
from semisup.embeddings.cache import cached
from semisup.embeddings.finish import finish
from semisup.embeddings.plain import plain_pixels


class PixelEmbedding:
    """The pixels of the plain view, channel by channel, D = C · H · W; of a table its columns, standardized.

    normalize: scale each vector to length 1. whiten: onto whitened principal components before; a number = so many.
    """

    def __init__(self, *, normalize: bool = False, whiten: bool | int = False) -> None:
        self.finish = finish(normalize, whiten)

    def __call__(self, store: Store, rows: Rows, folder: Path | None = None) -> Features:
        what = {"embedding": "pixels", **which(store, rows), **self.finish.words()}
        return cached(folder, what, len(rows), lambda: self.finish(lambda: plain_pixels(store, rows)))
