"""The features of a network that the program has, such as that of the round before."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from torch import nn

from semisup.core.errors import SemisupError
from semisup.core.ranges import NonNegativeInt, PositiveInt, Seed, enforce_ranges
from semisup.data import Store
from semisup.data.transforms.image_views import ImageViews
from semisup.data.transforms.table_views import TableViews
from semisup.data.transforms.views import Views
from semisup.embeddings.base import Features, Rows, describe_images
from semisup.embeddings.cache import cached, description_key
from semisup.embeddings.cached_views import Progress, ViewCache, no_progress
from semisup.embeddings.plain import plain_views
from semisup.embeddings.postprocessing import Postprocessing, Whitening, read_blocks
from semisup.embeddings.shards import DistributedBatches
from semisup.methods import Method
from semisup.models.backbones import Backbone, Mirror, Mirrored
from semisup.models.inference import BatchedInference, Precision


class PreparedNetwork(NamedTuple):
    """A network for the inputs of a store.

    Args:
        network: Computes the features.
        views: Make the plain view that it takes.
        name: The name of the features, in messages and in meta.json.
        mean: Of each channel or column, by which inputs are normalized.
        std: Of each channel or column.
    """

    network: Backbone
    views: Views
    name: str
    mean: Sequence[float]
    std: Sequence[float]


@enforce_ranges
class NetworkEmbedding(ABC):
    """The features of a network, the input of its head. A subclass says of which network.

    The features before whitening and normalization are kept as well, so that another choice of these is fast.

    Args:
        batch_size: Images at a time.
        device: Such as 'cpu' or 'cuda:1'; 'auto' is an accelerator if there is one.
        precision: '32-true' or 'bf16-mixed'.
        normalize: Whether each vector is scaled to length 1, after whitening.
        whiten: Whether features are projected onto whitened principal components; a number keeps that many.
        views: How many weak and how many strong views of each image are cached for a backbone that takes an embedding.
        views_seed: Of these views.
        mirror: Whether the features of the plain view are the mean over the image and its mirror image; both: over the
            four of left to right and top to bottom; auto: in a config, as `data.flip`.
    """

    def __init__(
        self,
        *,
        batch_size: PositiveInt = 256,
        device: str = "auto",
        precision: Precision = "32-true",
        normalize: bool = False,
        whiten: Whitening = False,
        views: NonNegativeInt = 2,
        views_seed: Seed = 0,
        mirror: Mirror | Literal["auto"] = False,
    ) -> None:
        self.inference = BatchedInference(batch_size, device, precision, node="embedding")
        self.postprocessing = Postprocessing.of(normalize, whiten)
        if mirror == "auto":
            raise SemisupError("embedding.mirror=auto is for a config, which has data.flip: write true, both or false.")
        self.views, self.views_seed, self.mirror = views, views_seed, mirror

    @abstractmethod
    def _prepare(self, store: Store, **view_options: Any) -> PreparedNetwork:
        """The network for the store's inputs, with options of its views. Raises SemisupError if it cannot take them."""

    def extractor(self, store: Store) -> PreparedNetwork:
        """The frozen network itself, for images that are to be classified.

        Args:
            store: Its shape of inputs and its statistics are used, none of its images.

        Returns:
            The network and the plain view that it takes.
        """
        prepared = self._prepare(store)
        return prepared._replace(network=self._mirrored(prepared.network))

    def fingerprint(self, store: Store) -> str:
        """What says whether the frozen network is still the one that a run was trained on.

        Args:
            store: As in `extractor`.

        Returns:
            A hash of its layers, its weights and its plain view.
        """
        return _fingerprint(*self.extractor(store)[:2])

    def embed_views(
        self, store: Store, cache: Path, options: Mapping[str, Any], progress: Progress = no_progress
    ) -> Store:
        """Puts the features of a few views of each image in the place of the images.

        Args:
            store: The images.
            cache: The folder of all embeddings.
            options: Of the weak and strong views, such as `flip` and `padding`.
            progress: Called after each block of images.

        Returns:
            The same data set with images (N, 1 + 2 views, D) and test images (M, 1, D), float16, memory-mapped.

        Raises:
            SemisupError: If whitening is asked for, or the network cannot take the images.
        """
        if self.postprocessing.components is not None:
            raise SemisupError("embedding.whiten has no effect on a backbone that takes an embedding: leave it out.")
        network, views, name, *_ = self._prepare(store, **options)
        plain_network, normalize = self._mirrored(network), self.postprocessing.normalize
        description = {
            "embedding": f"views of {name}",
            "data": store.name,
            "fingerprint": store.images_fingerprint,  # labels may be added
            **_describe_network(plain_network),
            **_describe_views(views),
            "precision": self.inference.precision,
            "views": self.views,
            "seed": self.views_seed,
            "options": dict(sorted(options.items())),
            "normalize": normalize,
        }
        frozen = replace(store, frozen_network=_fingerprint(plain_network, views))
        cached_views = ViewCache(
            frozen, network, plain_network, views, self.inference, self.views, self.views_seed, normalize, description
        )
        return cached_views.open(cache, progress)

    def __call__(self, store: Store, rows: Rows, folder: Path | None = None) -> Features:
        images = describe_images(store, rows)
        network, views, name, *_ = self.extractor(store)
        description = {
            "embedding": name,
            **images,
            **_describe_network(network),
            **_describe_views(views),
            "precision": self.inference.precision,
        }

        def blocks(rank: int = 0, world_size: int = 1) -> Iterator[Features]:
            return self.inference.features(network, views, store.images, rows, rank, world_size)

        batches = DistributedBatches(blocks, self.inference.batch_size, network.num_features)
        features = cached(folder, description, len(rows), blocks, batches)
        if not self.postprocessing:
            return features
        description = {**description, **self.postprocessing.describe()}
        return cached(folder, description, len(rows), lambda: self.postprocessing(lambda: read_blocks(features)))

    def _mirrored(self, network: Backbone) -> Backbone:
        """The network that sees plain views. Rows of numbers have no mirror image."""
        return Mirrored(network, self.mirror) if self.mirror and len(network.shape) == 3 else network


class RoundNetworkEmbedding(NetworkEmbedding):
    """The features of the network that a round has trained, or of any other Backbone.

    Args:
        source: A Method, of which the evaluated network is taken, or a Backbone. The program supplies it.
        base: Arguments of NetworkEmbedding.

    Raises:
        SemisupError: If the network is no Backbone.
    """

    def __init__(self, source: Method | nn.Module, **base: Any) -> None:
        super().__init__(**base)
        network = source.eval_network if isinstance(source, Method) else source
        if not isinstance(network, Backbone):
            name = type(network).__name__
            raise SemisupError(f"{name} has no features to embed by: a network of your own is a subclass of Backbone.")
        self.network = network

    def _prepare(self, store: Store, **view_options: Any) -> PreparedNetwork:
        check_inputs(self.network, store)
        name = f"features of {type(self.network).__name__}"
        return PreparedNetwork(self.network, plain_views(store), name, store.mean, store.std)


def check_inputs(network: Backbone, store: Store) -> None:
    """Refuses a network that was built for inputs of another kind than the store's.

    Args:
        network: The network.
        store: The images or rows.

    Raises:
        SemisupError: If they do not fit each other.
    """
    fits = network.shape == store.shape if network.takes_rows else network.shape[:-2] == store.shape[:-2]
    if len(network.shape) != len(store.shape) or not fits:
        wants, has = (" x ".join(map(str, shape)) for shape in (network.shape, store.shape))
        raise SemisupError(
            f"{type(network).__name__} takes inputs of {wants} numbers and cannot embed {store.name}, whose are {has}."
        )


def _describe_network(network: Backbone) -> dict[str, Any]:
    """What the features depend on: layers, input size and weights, except those of the head.

    Where they are computed, and how many at a time, changes roundings only, and is left out.
    """
    if isinstance(network, Mirrored):
        return {**_describe_network(network.network), "mirror": network.mirror}
    weights = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        if not name.startswith("head.") and not name.endswith("num_batches_tracked"):
            values = tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy()
            weights.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            weights.update(values.tobytes())
    layers = "".join(f"{name}: {layer}" for name, layer in network.named_children() if name != "head")
    return {
        "network": type(network).__name__,
        "layers": hashlib.sha256(layers.encode()).hexdigest(),
        "weights": weights.hexdigest(),
        "input": list(network.shape),
        **({} if network.interpolation == "bilinear" else {"interpolation": network.interpolation}),
    }


def _fingerprint(network: Backbone, views: Views) -> str:
    return description_key({**_describe_network(network), **_describe_views(views)})


def _describe_views(views: Views) -> dict[str, Any]:
    if isinstance(views, ImageViews):
        return {"view": "plain", "scale": views.scale.tolist(), "shift": views.shift.tolist()}
    assert isinstance(views, TableViews)
    return {"view": "plain", "mean": views.mean.tolist(), "std": views.std.tolist()}
