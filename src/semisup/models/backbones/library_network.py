"""What the networks of torchvision and timm have in common."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches

import torch
from torch import Tensor, nn

from semisup.core.errors import SemisupError
from semisup.models.backbones.base import Backbone
from semisup.models.weights import load_weights

PRETRAINED = "pretrained"


class LibraryNetwork(Backbone):
    """A network of another library, without its classification layer, under a `head` of our own.

    weights: None starts at random; 'pretrained' downloads the library's; a path is a local file (.pth, .pt or
    .safetensors) with the network's state dict, and in_order:PATH one of another implementation, whose tensors have
    other names and the same order. Grey images are repeated to three channels, on the device.

    Pretrained networks were trained on images with ImageNet's mean and standard deviation. Ours are normalized with the
    data set's own: close, and fine-tuning adapts to the rest.
    """

    min_size = 32
    network: nn.Module

    def adopt(self, network: nn.Module, name: str, weights: str | None, classifier: tuple[str, ...]) -> None:
        """Take in a network whose classification layers are gone. classifier: their names in a file of weights."""
        if self.shape[0] not in (1, 3):
            raise SemisupError(f"{name} needs images of 1 or 3 channels, and this data set has {self.shape[0]}.")
        if weights is not None and weights != PRETRAINED:
            load_weights(network, weights, name=name, ignore=classifier)
        self.network = network
        self.num_features = self._width(name)
        self.head = nn.Linear(self.num_features, self.classes)

    def features(self, x: Tensor) -> Tensor:
        x = self.resize(x)
        return self.network(x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x)

    def _width(self, name: str) -> int:
        """The number of features of one image. This also finds networks that cannot take images of this size."""
        self.network.eval()
        height, width = self.shape[1:]
        try:
            with torch.no_grad():
                return self.features(torch.zeros(1, *self.shape)).shape[1]
        except (AssertionError, RuntimeError, ValueError) as error:
            wants = f"{name} cannot take images of {height} x {width} pixels ({first_line(error)})"
            raise SemisupError(f"{wants}: set backbone.size, for example backbone.size=224.") from error
        finally:
            self.network.train()


def build(create: Callable[..., nn.Module], name: str, *, pretrained: bool, **options: float | None) -> nn.Module:
    """create(**options), without the options that are None, and with sentences for what can go wrong."""
    given = {option: value for option, value in options.items() if value is not None}
    try:
        return create(**given)
    except TypeError as error:
        if not given:
            raise
        lacks = f"{name} lacks dropout or stochastic depth ({first_line(error)})"
        raise SemisupError(f"{lacks}: leave out that option of backbone.") from error
    except Exception as error:  # no internet has as many types as there are libraries
        if not pretrained:
            raise
        failed = f"the pretrained weights of {name} could not be loaded ({first_line(error)})"
        raise SemisupError(f"{failed}: a local file works too, backbone.weights=/path/file.pth.") from error


def unknown_network(library: str, name: str, valid: Iterable[str]) -> SemisupError:
    """The sentence for a misspelt name. It names only the nearest one: a library has hundreds."""
    match = get_close_matches(name, list(valid), n=1, cutoff=0.0)
    return SemisupError(f"{library} has no network '{name}': did you mean '{match[0]}'?")


def first_line(error: Exception) -> str:
    """The gist of another library's error, to stand inside a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
