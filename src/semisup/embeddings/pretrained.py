"""The features of a network of torchvision or timm."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch

from semisup.core.errors import SemisupError
from semisup.core.ranges import PositiveInt, UserPath, enforce_ranges
from semisup.core.schema import completed, locate, parameters
from semisup.data import Store
from semisup.embeddings.network import NetworkEmbedding, PreparedNetwork
from semisup.embeddings.plain import plain_views
from semisup.models.backbones import Backbone, Timm, Torchvision

_LIBRARIES: dict[str, type[Backbone]] = {"timm": Timm, "torchvision": Torchvision}


@enforce_ranges
class PretrainedEmbedding(NetworkEmbedding):
    """The features of a pretrained network, which is not trained further.

    Args:
        network: timm:NAME or torchvision:NAME, or a config node such as that of a backbone.
        weights: 'pretrained' downloads the library's; a path is a local file (see LibraryNetwork).
        size: The shorter side that images are resized to, bilinearly; None leaves them as they are. Of all options it
            matters most for small images.
        scaling: 'network' normalizes images by the mean and standard deviation that the library names for the network,
            'data' by those of the data set.
        base: Arguments of NetworkEmbedding.
    """

    def __init__(
        self,
        *,
        network: str | dict[str, Any],
        weights: UserPath = "pretrained",
        size: PositiveInt | None = None,
        scaling: Literal["network", "data"] = "network",
        **base: Any,
    ) -> None:
        super().__init__(**base)
        self.node, self.scaling = _network_node(network, weights, size), scaling

    def _prepare(self, store: Store, **view_options: Any) -> PreparedNetwork:
        if len(store.shape) != 3:
            rows = f"{store.name} has rows of {store.shape[0]} numbers"
            raise SemisupError(f"a pretrained network needs images, and {rows}: write embedding=pca or pixels.")
        target, options = locate(self.node["_target_"]), {k: v for k, v in self.node.items() if k != "_target_"}
        try:
            with torch.random.fork_rng(devices=[]):  # the random start of the head leaves the generator as it was
                network: Backbone = target(store.shape, len(store.classes), **options)
        except SemisupError as error:  # the same options, by another name
            raise SemisupError(str(error).replace("backbone.", "embedding.")) from error
        mean, std = self._statistics(store.shape[0])
        name = str(options.get("name", type(network).__name__))
        network = network.to(memory_format=torch.channels_last)
        views = plain_views(store, mean, std, **view_options)
        return PreparedNetwork(network, views, f"features of {name}", mean or store.mean, std or store.std)

    def _statistics(self, channels: int) -> tuple[Sequence[float] | None, Sequence[float] | None]:
        found = _library_statistics(self.node) if self.scaling == "network" else None
        if found is None:
            return None, None
        mean, std = (tuple(values) for values in found)
        return (mean, std) if channels == 3 else ((sum(mean) / 3,), (sum(std) / 3,))


def _network_node(network: str | Mapping[str, Any], weights: str, size: int | None) -> dict[str, Any]:
    """The config node of a network with these weights, checked and completed."""
    if isinstance(network, str):
        library, _, name = network.partition(":")
        if library not in _LIBRARIES or not name:
            raise SemisupError(f"embedding.network={network} is not valid: write timm:NAME or torchvision:NAME.")
        target = _LIBRARIES[library]
        network = {"_target_": f"semisup.models.backbones.{target.__name__}", "name": name}
    if "_target_" not in network:
        raise SemisupError("embedding.network has no _target_: write timm:NAME or torchvision:NAME.")
    found = locate(network["_target_"], "embedding.network._target_", kind=Backbone)
    if "weights" not in parameters(found):
        raise SemisupError(f"embedding.network={network['_target_']} takes no weights; use embedding=checkpoint.")
    node = {"weights": weights, "size": size, **network}
    return completed("embedding.network", node, [found], ("shape", "classes"))


def _library_statistics(node: Mapping[str, Any]) -> tuple[Sequence[float], Sequence[float]] | None:
    """Mean and standard deviation per channel that timm or torchvision names for a network; None if neither has it."""
    target = locate(node["_target_"])
    if target is Timm:
        import timm  # the import takes seconds

        mean, std = (timm.get_pretrained_cfg_value(node["name"], key) for key in ("mean", "std"))
        return (mean, std) if mean and std else None
    if target is Torchvision:
        from torchvision import models

        transform = models.get_model_weights(node["name"]).DEFAULT.transforms()
        return transform.mean, transform.std
    return None
