"""The networks of torchvision."""

from functools import partial

from torch import nn

from semisup.core.errors import SemisupError
from semisup.models.backbones.library_network import PRETRAINED, LibraryNetwork, build, unknown_network

# They train with auxiliary classifiers, and so return more than one tensor.
LEFT_OUT = {"googlenet", "inception_v3"}


class Torchvision(LibraryNetwork):
    """Any network of torchvision.models by its name, such as resnet50, whose last layer is linear.

    dropout and stochastic_depth are for the networks that have them; None: as the network has them.
    For weights, normalization and grey images see LibraryNetwork, for size see Backbone.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int,
        *,
        name: str,
        weights: str | None = None,
        size: int | None = None,
        dropout: float | None = None,
        stochastic_depth: float | None = None,
    ) -> None:
        super().__init__(shape, classes, size=size)
        from torchvision import models  # takes seconds, which only its users should wait

        names = set(models.list_models(module=models)) - LEFT_OUT
        if name not in names:
            raise unknown_network("torchvision", name, names)
        pretrained = weights == PRETRAINED
        create = partial(models.get_model, name, weights="DEFAULT" if pretrained else None)
        network = build(create, name, pretrained=pretrained, dropout=dropout, stochastic_depth_prob=stochastic_depth)
        self.adopt(network, name, weights, (cut_classifier(network, name),))


def cut_classifier(network: nn.Module, name: str) -> str:
    """Replace the last linear layer by the identity, and return its name in the network."""
    layers = [layer for layer, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not layers:
        raise SemisupError(f"{name} has no linear layer to replace, so take another network.")
    parent, _, layer = layers[-1].rpartition(".")
    setattr(network.get_submodule(parent), layer, nn.Identity())
    return layers[-1]
