"""Weights from a local file."""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn

from semisup.core.errors import SemisupError

IN_ORDER = "in_order:"  # before a path: a file of another implementation, which calls the same layers otherwise


def load_weights(network: nn.Module, path: str, *, name: str, ignore: tuple[str, ...]) -> None:
    """Load the state dict in the file into the network, whose name is for messages.

    path: a file whose entries have the network's names, or in_order:FILE for one of another implementation: then its
    tensors are taken one after the other, each of the shape that the network wants next. ignore: layers that the file
    may have and the network does not, its classification layers; in order, what is left over at the end. All else must
    fit, or it raises SemisupError.
    """
    if path.startswith(IN_ORDER):
        state = _in_order(read_state(path.removeprefix(IN_ORDER)), network, path, name)
    else:
        layers = tuple(f"{layer}." for layer in ignore)
        state = {key: value for key, value in read_state(path).items() if not key.startswith(layers)}
    own = network.state_dict()
    wrong = sorted(
        key
        for key in own.keys() | state.keys()
        if (key not in own or key not in state or own[key].shape != state[key].shape) and not _counts(key)
    )
    if wrong:
        reason = "are missing, unknown to the network or of another shape"
        raise SemisupError(f"{path} does not fit {name}: {len(wrong)} entries {reason}, the first is '{wrong[0]}'.")
    network.load_state_dict(state, strict=False)


def _in_order(state: Mapping[str, Tensor], network: nn.Module, path: str, name: str) -> dict[str, Tensor]:
    """The file's tensors under the network's names."""
    theirs = [(key, value) for key, value in state.items() if not _counts(key)]
    own = [(key, value) for key, value in network.state_dict().items() if not _counts(key)]
    for (given, value), (key, wanted) in zip(theirs, own, strict=False):
        if value.shape != wanted.shape:
            shapes = f"'{given}' is {tuple(value.shape)} where '{key}' is {tuple(wanted.shape)}"
            raise SemisupError(f"{path} does not fit {name} in order: {shapes}.")
    return {key: value for (key, _), (_, value) in zip(own, theirs, strict=False)}


def _counts(key: str) -> bool:
    return key.endswith("num_batches_tracked")  # which old files lack, and nothing reads


def read_state(path: str) -> Mapping[str, Tensor]:
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
            raise SemisupError(f"{path} is no .safetensors file.") from error
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError) as error:
        raise SemisupError(f"{path} is no file of weights, as torch.save(network.state_dict()) writes one.") from error
    if not (isinstance(state, Mapping) and all(isinstance(value, Tensor) for value in state.values())):
        raise SemisupError(f"{path} holds more than a state dict: save that alone with torch.save.")
    return state
