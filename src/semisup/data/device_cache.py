"""All images of a store on the device, so that batches are gathered there and not on the host.

Targets, weights and the test set stay on the host.
"""

import weakref
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_BLOCK = 4096  # images read and uploaded at a time: the host never holds a second copy of all
# By the array's identity, while the array lives. All data modules of a store, in all rounds of a run, share one upload,
# and it is not pickled or saved with them.
_CACHED: dict[tuple[int, torch.device], Tensor] = {}


def device_cache(images: NDArray[Any], device: torch.device, wanted: bool | Literal["auto"]) -> Tensor | None:
    """The images as one tensor on the device, uploaded at the first call.

    Args:
        images: (N, ...).
        device: The device, as tensors name it.
        wanted: True for any device; 'auto' for CUDA only, if the images take at most a quarter of the memory that is
            free at the first call.

    Returns:
        The images (N, ...), or None where they are not wanted.
    """
    key = (id(images), device)
    if wanted and key not in _CACHED and (wanted != "auto" or _fits(images, device)):
        _CACHED[key] = _upload(images, device)
        weakref.finalize(images, _CACHED.pop, key, None)
    return _CACHED.get(key) if wanted else None


def _fits(images: NDArray[Any], device: torch.device) -> bool:
    return device.type == "cuda" and images.nbytes <= torch.cuda.mem_get_info(device)[0] // 4


def _upload(images: NDArray[Any], device: torch.device) -> Tensor:
    dtype = torch.from_numpy(np.array(images[:0])).dtype
    uploaded = torch.empty(images.shape, dtype=dtype, device=device)
    for start in range(0, len(images), _BLOCK):
        uploaded[start : start + _BLOCK] = torch.from_numpy(np.array(images[start : start + _BLOCK]))
    return uploaded
