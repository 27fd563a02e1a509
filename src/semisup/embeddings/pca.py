"""Principal components of the pixels."""

from pathlib import Path

import numpy as np

from semisup.core.errors import SemisupError
from semisup.data import Store
from semisup.embeddings.base import Features, Rows, which
from semisup.embeddings.cache import cached
from semisup.embeddings.finish import Finish
from semisup.embeddings.plain import plain_pixels
from semisup.embeddings.projection import Reduction


class PCAEmbedding:
    """Principal components of the plain view's pixels; 80 % of the variance of CIFAR-10 are some 30 of 3,072.

    variance: keep as few components as hold this share of the variance. components: keep that many instead. whiten:
    scale each to a variance of 1. normalize: then scale each vector to length 1. sample: fit on so many of the images,
    drawn by `seed`; None = on all. On the features of a network, the same is that embedding's `whiten`.
    """

    def __init__(
        self,
        *,
        variance: float = 0.8,
        components: int | None = None,
        whiten: bool = True,
        normalize: bool = False,
        sample: int | None = None,
        seed: int = 0,
    ) -> None:
        if not 0 < variance <= 1:
            raise SemisupError(f"embedding.variance={variance} is a share: above 0, and 1 at most.")
        for option, value, least in (("components", components, 1), ("sample", sample, 2), ("seed", seed, 0)):
            if value is not None and value < least:
                raise SemisupError(f"embedding.{option} is at least {least}; got {value}.")
        self.finish = Finish(Reduction(variance if components is None else None, components, whiten), normalize)
        self.sample, self.seed = sample, seed

    def __call__(self, store: Store, rows: Rows, folder: Path | None = None) -> Features:
        fitted = rows
        if self.sample is not None and self.sample < len(rows):
            drawn = np.random.default_rng(self.seed).choice(len(rows), self.sample, replace=False)
            fitted = rows[np.sort(drawn)]
        images = which(store, rows)
        what = {"embedding": "PCA of pixels", **images, "fitted": which(store, fitted)["rows"], **self.finish.words()}
        return cached(
            folder,
            what,
            len(rows),
            lambda: self.finish(lambda: plain_pixels(store, rows), lambda: plain_pixels(store, fitted)),
        )
