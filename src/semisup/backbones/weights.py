"""Weights from a local file."""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn

from semisup.errors import SemisupError


def load_weights(network: nn.Module, path: str, *, name: str, ignore: tuple[str, ...]) -> None:
    """Load the state dict in the file into the network, whose name is for messages.

    ignore: layers that the file may have and the network does not, its classification layers. All else must fit.
    """
    layers = tuple(f"{layer}." for layer in ignore)
    state = {key: value for key, value in read_state(path).items() if not key.startswith(layers)}
    own = network.state_dict()
    wrong = sorted(
        key
        for key in own.keys() | state.keys()
        if (key not in own or key not in state or own[key].shape != state[key].shape)
        and not key.endswith("num_batches_tracked")  # which old files lack, and nothing reads
    )
    if wrong:
        reason = "are missing, unknown to the network or of another shape"
        raise SemisupError(f"{path} does not fit {name}: {len(wrong)} entries {reason}, the first is '{wrong[0]}'.")
    network.load_state_dict(state, strict=False)


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
