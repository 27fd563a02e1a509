"""The features of a network that is at hand, such as that of the round before."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from semisup.core.errors import SemisupError
from semisup.data import Store
from semisup.data.transforms.views import ImageViews, TableViews, Views
from semisup.embeddings.base import Features, Rows, which
from semisup.embeddings.cache import cached
from semisup.embeddings.finish import blocks_of, finish
from semisup.embeddings.forward import Forward, Precision, identity
from semisup.embeddings.plain import plain_views
from semisup.embeddings.shards import Share
from semisup.methods import Method
from semisup.models.backbones import Backbone


class Prepared(NamedTuple):
    """A network, the views it takes, and what to call its features in messages and in meta.json."""

    network: Backbone
    views: Views
    name: str


class NetworkEmbedding(ABC):
    """What embeddings by a network share; a subclass says which network. They are the input of its head.

    batch_size: images at a time. device: 'auto' takes an accelerator if there is one. precision: '32-true' or
    'bf16-mixed'. whiten: onto whitened principal components; a number = so many. normalize: then scale each vector to
    length 1. The features before these two are kept as well, so that another choice costs no pass of the network.
    """

    def __init__(
        self,
        *,
        batch_size: int = 256,
        device: str = "auto",
        precision: Precision = "32-true",
        normalize: bool = False,
        whiten: bool | int = False,
    ) -> None:
        self.forward = Forward(batch_size, device, precision)
        self.finish = finish(normalize, whiten)

    @abstractmethod
    def prepare(self, store: Store) -> Prepared:
        """The network for the store's inputs. Raises SemisupError if it cannot take them."""

    def __call__(self, store: Store, rows: Rows, folder: Path | None = None) -> Features:
        images = which(store, rows)
        network, views, name = self.prepare(store)
        what = {
            "embedding": name,
            **images,
            **identity(network),
            **_scaling(views),
            "precision": self.forward.precision,
        }

        def blocks(rank: int = 0, world_size: int = 1) -> Iterator[Features]:
            return self.forward.blocks(network, views, store.images, rows, rank, world_size)

        share = Share(blocks, self.forward.batch_size, network.num_features)
        features = cached(folder, what, len(rows), blocks, share)
        if not self.finish:
            return features
        finished = {**what, **self.finish.words()}
        return cached(folder, finished, len(rows), lambda: self.finish(lambda: blocks_of(features)))


class RoundNetworkEmbedding(NetworkEmbedding):
    """The features of a network that the program hands over: a Method's evaluated one, or a Backbone.

    For the other options see NetworkEmbedding.
    """

    def __init__(self, source: Method | nn.Module, **base: Any) -> None:
        super().__init__(**base)
        network = source.eval_network if isinstance(source, Method) else source
        if not isinstance(network, Backbone):
            name = type(network).__name__
            raise SemisupError(f"{name} has no features to embed by: a network of your own is a subclass of Backbone.")
        self.network = network

    def prepare(self, store: Store) -> Prepared:
        check_inputs(self.network, store)
        return Prepared(self.network, plain_views(store), f"features of {type(self.network).__name__}")


def check_inputs(network: Backbone, store: Store) -> None:
    """Raises SemisupError if the network was built for inputs of another kind than the store's."""
    alike = network.shape == store.shape if network.takes_rows else network.shape[:-2] == store.shape[:-2]
    if len(network.shape) != len(store.shape) or not alike:
        wants, has = (" x ".join(map(str, shape)) for shape in (network.shape, store.shape))
        raise SemisupError(
            f"{type(network).__name__} takes inputs of {wants} numbers and cannot embed {store.name}, whose are {has}."
        )


def _scaling(views: Views) -> dict[str, Any]:
    if isinstance(views, ImageViews):
        return {"view": "plain", "scale": views.scale.tolist(), "shift": views.shift.tolist()}
    assert isinstance(views, TableViews)
    return {"view": "plain", "mean": views.mean.tolist(), "std": views.std.tolist()}
