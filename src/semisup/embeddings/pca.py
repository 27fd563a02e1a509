"""Principal components of the pixels."""

from pathlib import Path
from typing import Annotated

import numpy as np

from semisup.core.ranges import LARGEST, PositiveInt, Range, Seed, enforce_ranges
from semisup.data import Store
from semisup.embeddings.base import Features, Rows, describe_images
from semisup.embeddings.cache import cached
from semisup.embeddings.plain import plain_pixels
from semisup.embeddings.postprocessing import Postprocessing
from semisup.embeddings.projection import PrincipalComponents


@enforce_ranges
class PCAEmbedding:
    """Principal components of the plain view's pixels; for CIFAR-10, some 30 of 3,072 hold 80 % of the variance.

    For the features of a network, set `whiten` of its embedding instead.

    Args:
        variance: As few components are kept as hold this share of the variance.
        components: How many are kept, instead.
        whiten: Whether each component is scaled to a variance of 1.
        normalize: Whether each vector is then scaled to length 1.
        sample: The components are fitted on so many images; None for all.
        seed: Draws the sample.
    """

    def __init__(
        self,
        *,
        variance: Annotated[float, Range(0, 1, above=True)] = 0.8,
        components: PositiveInt | None = None,
        whiten: bool = True,
        normalize: bool = False,
        sample: Annotated[int, Range(2, LARGEST)] | None = None,
        seed: Seed = 0,
    ) -> None:
        share = variance if components is None else None
        self.postprocessing = Postprocessing(PrincipalComponents(share, components, whiten), normalize)
        self.sample, self.seed = sample, seed

    def __call__(self, store: Store, rows: Rows, folder: Path | None = None) -> Features:
        fitted = rows
        if self.sample is not None and self.sample < len(rows):
            drawn = np.random.default_rng(self.seed).choice(len(rows), self.sample, replace=False)
            fitted = rows[np.sort(drawn)]
        description = {
            "embedding": "PCA of pixels",
            **describe_images(store, rows),
            "fitted": describe_images(store, fitted)["rows"],
            **self.postprocessing.describe(),
        }
        return cached(
            folder,
            description,
            len(rows),
            lambda: self.postprocessing(lambda: plain_pixels(store, rows), lambda: plain_pixels(store, fitted)),
        )
