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

    The option `weights` of a subclass is None for a random start; 'pretrained' downloads the library's weights; a path
    is a local file (.pth, .pt or .safetensors) with the network's state dict. in_order:PATH is a file of another
    implementation, whose tensors have other names and the same order.

    Gray images are repeated to three channels, on the device. Pretrained networks were trained with ImageNet's mean and
    standard deviation; ours see images normalized with those of the data set, to which fine-tuning adapts.
    """

    min_size = 32
    network: nn.Module

    def _adopt(self, network: nn.Module, name: str, weights: str | None, classifier: tuple[str, ...]) -> None:
        """Takes a network without its classification layers. classifier: their names in a file of weights."""
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
            wants = f"{name} cannot take images of {height} x {width} pixels ({_first_line(error)})"
            raise SemisupError(f"{wants}: set backbone.size, for example backbone.size=224.") from error
        finally:
            self.network.train()


def create(factory: Callable[..., nn.Module], name: str, *, pretrained: bool, **options: float | None) -> nn.Module:
    """Creates a network by a function of another library.

    Args:
        factory: The function.
        name: The network's, for messages.
        pretrained: Whether it downloads weights.
        options: Arguments of the function; those that are None are left out.

    Returns:
        The network.

    Raises:
        SemisupError: If the network lacks an option, or its weights cannot be loaded.
    """
    given = {option: value for option, value in options.items() if value is not None}
    try:
        return factory(**given)
    except TypeError as error:
        if not given:
            raise
        lacks = f"{name} lacks dropout or stochastic depth ({_first_line(error)})"
        raise SemisupError(f"{lacks}: leave out that option of backbone.") from error
    except Exception as error:  # without internet, each library raises another type
        if not pretrained:
            raise
        failed = f"the pretrained weights of {name} could not be loaded ({_first_line(error)})"
        raise SemisupError(f"{failed}: a local file works too, backbone.weights=/path/file.pth.") from error


def unknown_network(library: str, name: str, valid: Iterable[str]) -> SemisupError:
    """The error for a misspelled name, with the most similar one of the hundreds that a library has.

    Args:
        library: Its name.
        name: What was asked for.
        valid: The names of its networks.

    Returns:
        The error.
    """
    match = get_close_matches(name, list(valid), n=1, cutoff=0.0)
    return SemisupError(f"{library} has no network '{name}': did you mean '{match[0]}'?")


def _first_line(error: Exception) -> str:
    """The first line of another library's error, without its period."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
