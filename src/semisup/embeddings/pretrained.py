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
from semisup.models.backbones import Backbone, Concatenated, Interpolation, Timm, Torchvision

_LIBRARIES: dict[str, type[Backbone]] = {"timm": Timm, "torchvision": Torchvision}


@enforce_ranges
class PretrainedEmbedding(NetworkEmbedding):
    """The features of a pretrained network, which is not trained further.

    Args:
        network: timm:NAME or torchvision:NAME, or a config node such as that of a backbone; or a list of names, whose
            features are concatenated, each scaled to length 1.
        weights: 'pretrained' downloads the library's; a path is a local file (see LibraryNetwork). Of several networks,
            a list.
        size: The shorter side that images are resized to; None leaves them as they are. Of all options it matters most
            for small images.
        interpolation: Of this resizing.
        scaling: 'network' normalizes images by the mean and standard deviation that the library names for the network,
            'data' by those of the data set.
        base: Arguments of NetworkEmbedding.
    """

    def __init__(
        self,
        *,
        network: str | dict[str, Any] | Sequence[str],
        weights: UserPath | Sequence[UserPath] = "pretrained",
        size: PositiveInt | None = None,
        interpolation: Interpolation = "bilinear",
        scaling: Literal["network", "data"] = "network",
        **base: Any,
    ) -> None:
        super().__init__(**base)
        self.nodes, self.scaling = _network_nodes(network, weights, size), scaling
        self.interpolation = interpolation

    def _prepare(self, store: Store, **view_options: Any) -> PreparedNetwork:
        if len(store.shape) != 3:
            rows = f"{store.name} has rows of {store.shape[0]} numbers"
            raise SemisupError(f"a pretrained network needs images, and {rows}: write embedding=pca or pixels.")
        networks = [_build(node, store) for node in self.nodes]
        name = " and ".join(
            str(node.get("name", type(n).__name__)) for node, n in zip(self.nodes, networks, strict=True)
        )
        statistics = [self._statistics(node, store) for node in self.nodes]
        mean, std = statistics[0]
        with torch.random.fork_rng(devices=[]):
            network = networks[0] if len(networks) == 1 else Concatenated(networks, *zip(*statistics, strict=True))
        network = network.to(memory_format=torch.channels_last)
        for one in (network, *networks):
            one.interpolation = self.interpolation
        return PreparedNetwork(network, plain_views(store, mean, std, **view_options), f"features of {name}", mean, std)

    def _statistics(self, node: Mapping[str, Any], store: Store) -> tuple[Sequence[float], Sequence[float]]:
        found = _library_statistics(node) if self.scaling == "network" else None
        if found is None:
            return store.mean, store.std
        mean, std = (tuple(values) for values in found)
        return (mean, std) if store.shape[0] == 3 else ((sum(mean) / 3,), (sum(std) / 3,))


def _build(node: Mapping[str, Any], store: Store) -> Backbone:
    target, options = locate(node["_target_"]), {key: value for key, value in node.items() if key != "_target_"}
    try:
        with torch.random.fork_rng(devices=[]):  # the random start of the head leaves the generator as it was
            network: Backbone = target(store.shape, len(store.classes), **options)
    except SemisupError as error:  # the same options, by another name
        raise SemisupError(str(error).replace("backbone.", "embedding.")) from error
    return network


def _network_nodes(
    network: str | Mapping[str, Any] | Sequence[str], weights: str | Sequence[str], size: int | None
) -> list[dict[str, Any]]:
    """The config nodes of one network, or of several with their weights."""
    if isinstance(network, str | Mapping):
        if isinstance(weights, Sequence) and not isinstance(weights, str):
            raise SemisupError("embedding.weights is a list, and embedding.network is one network: give one file.")
        return [_network_node(network, weights, size)]
    files = [weights] * len(network) if isinstance(weights, str) else list(weights)
    if len(network) < 2 or len(files) != len(network) or (weights != "pretrained" and isinstance(weights, str)):
        raise SemisupError(
            f"embedding.network lists {len(network)} networks, and embedding.weights "
            f"{1 if isinstance(weights, str) else len(files)}: give two networks or more, and the weights of each."
        )
    return [_network_node(one, file, size) for one, file in zip(network, files, strict=True)]


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
