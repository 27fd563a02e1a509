"""The layers of a network from its head down, for learning rates that fall with depth."""

from collections.abc import Iterator

from torch import nn


def layer_depths(network: nn.Module) -> dict[int, int]:
    """How deep below the head each parameter is.

    A layer is a module with weights, in the order of the constructor. Lists of modules are taken apart, and so is the
    network of another library. A norm outside of a block belongs to the layer above it, the last one to the head.
    Parameters outside of any layer, such as the positions of a transformer, belong to the lowest one.

    Args:
        network: A network whose head is its last module.

    Returns:
        By the id of each parameter: 0 for the head, 1 for the layer below it, ...
    """
    layers: list[list[nn.Parameter]] = []
    norms: list[nn.Parameter] = []
    for module in _modules_in_order(network):
        parameters = list(module.parameters())
        norms += parameters
        if any(parameter.ndim >= 2 for parameter in parameters):
            layers.append(norms)
            norms = []
    if norms and layers:  # a norm above everything else
        layers[-1] += norms
    depths = {id(p): len(layers) - 1 - place for place, layer in enumerate(layers) for p in layer}
    return {id(p): depths.get(id(p), max(0, len(layers) - 1)) for p in network.parameters()}


def _modules_in_order(network: nn.Module) -> Iterator[nn.Module]:
    for name, child in network.named_children():
        if isinstance(child, nn.Sequential | nn.ModuleList) or name == "network":
            yield from _modules_in_order(child)
        else:
            yield child
