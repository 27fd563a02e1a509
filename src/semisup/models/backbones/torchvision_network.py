"""The networks of torchvision."""

from functools import partial

from torch import nn

from semisup.core.errors import SemisupError
from semisup.core.ranges import Fraction, PositiveInt, UserPath
from semisup.models.backbones.library_network import PRETRAINED, LibraryNetwork, create, unknown_network

# While training, these return the outputs of auxiliary classifiers as well.
_LEFT_OUT = {"googlenet", "inception_v3"}


class Torchvision(LibraryNetwork):
    """Any network of torchvision.models by its name, such as resnet50, whose last layer is linear.

    Args:
        shape: One input: an image (C, H, W).
        classes: K.
        name: The network's.
        weights: None, 'pretrained', a path or in_order:PATH; see LibraryNetwork.
        size: The shorter side that images are resized to; None leaves those of at least `min_size` as they are.
        dropout: For the networks that have it; None leaves the network's own.
        stochastic_depth: For the networks that have it; None leaves the network's own.

    Raises:
        SemisupError: If there is no such network, or it cannot take such inputs, options or weights.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int,
        *,
        name: str,
        weights: UserPath | None = None,
        size: PositiveInt | None = None,
        dropout: Fraction | None = None,
        stochastic_depth: Fraction | None = None,
    ) -> None:
        super().__init__(shape, classes, size=size)
        from torchvision import models  # the import takes seconds

        names = set(models.list_models(module=models)) - _LEFT_OUT
        if name not in names:
            raise unknown_network("torchvision", name, names)
        pretrained = weights == PRETRAINED
        factory = partial(models.get_model, name, weights="DEFAULT" if pretrained else None)
        network = create(factory, name, pretrained=pretrained, dropout=dropout, stochastic_depth_prob=stochastic_depth)
        self._adopt(network, name, weights, (_remove_classifier(network, name),))


def _remove_classifier(network: nn.Module, name: str) -> str:
    """Replaces the last linear layer by the identity, and returns its name in the network."""
    layers = [layer for layer, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not layers:
        raise SemisupError(f"{name} has no linear layer to replace, choose another network.")
    parent, _, layer = layers[-1].rpartition(".")
    setattr(network.get_submodule(parent), layer, nn.Identity())
    return layers[-1]
