"""Weights from a local file."""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn

from semisup.core.errors import SemisupError

_IN_ORDER = "in_order:"  # before the path of another implementation's file, whose layers have other names


def load_weights(network: nn.Module, path: str, *, name: str, ignore: tuple[str, ...]) -> None:
    """Loads the state dict in a file into a network.

    Args:
        network: The network.
        path: A file whose entries have the network's names; or in_order:FILE for one of another implementation, whose
            tensors have the order and the shapes of the network's.
        name: The network's, for messages.
        ignore: Layers that the file may have and the network has not: its classification layers. In order, these are
            the last ones.

    Raises:
        SemisupError: If the file cannot be read, or does not fit the network.
    """
    if path.startswith(_IN_ORDER):
        state = _in_order(_read_state(path.removeprefix(_IN_ORDER)), network, path, name)
    else:
        layers = tuple(f"{layer}." for layer in ignore)
        state = {key: value for key, value in _read_state(path).items() if not key.startswith(layers)}
    expected = network.state_dict()
    wrong = sorted(
        key
        for key in expected.keys() | state.keys()
        if (key not in expected or key not in state or expected[key].shape != state[key].shape) and not _is_counter(key)
    )
    if wrong:
        reason = "are missing, unknown to the network or of another shape"
        raise SemisupError(f"{path} does not fit {name}: {len(wrong)} entries {reason}, the first is '{wrong[0]}'.")
    network.load_state_dict(state, strict=False)


def _in_order(state: Mapping[str, Tensor], network: nn.Module, path: str, name: str) -> dict[str, Tensor]:
    """The file's tensors under the network's names."""
    theirs = [(key, value) for key, value in state.items() if not _is_counter(key)]
    own = [(key, value) for key, value in network.state_dict().items() if not _is_counter(key)]
    for (given, value), (key, wanted) in zip(theirs, own, strict=False):
        if value.shape != wanted.shape:
            shapes = f"'{given}' is {tuple(value.shape)} where '{key}' is {tuple(wanted.shape)}"
            raise SemisupError(f"{path} does not fit {name} in order: {shapes}.")
    return {key: value for (key, _), (_, value) in zip(own, theirs, strict=False)}


def _is_counter(key: str) -> bool:
    return key.endswith("num_batches_tracked")  # old files lack it, and nothing reads it


def _read_state(path: str) -> Mapping[str, Tensor]:
    """The state dict in a .safetensors, .pth or .pt file. Nothing in the file is executed."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise SemisupError(f"backbone.weights={path} is neither 'pretrained' nor a file.")
    if file.suffix == ".safetensors":
        try:
            from safetensors import SafetensorError
            from safetensors.torch import load_file
        except ImportError as error:
            raise SemisupError("a .safetensors file needs the package safetensors: pip install safetensors.") from error
        try:
            return load_file(file)
        except SafetensorError as error:
            raise SemisupError(f"{path} is not a .safetensors file.") from error
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError) as error:
        raise SemisupError(
            f"{path} is not a file of weights, as torch.save(network.state_dict()) writes it."
        ) from error
    if not (isinstance(state, Mapping) and all(isinstance(value, Tensor) for value in state.values())):
        raise SemisupError(f"{path} holds more than a state dict: save that alone with torch.save.")
    return state
