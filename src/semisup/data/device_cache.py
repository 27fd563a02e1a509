"""Images that lie on the device for a whole training, where batches are gathered without the host.

Pixels alone: targets, weights and the test set stay on the host.
"""

import weakref
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BLOCK = 4096  # images read and uploaded at a time: the host never holds a whole copy
# By the array's identity, for as long as it lives: all data modules of a store, in all rounds of a run, share one
# upload, and do not carry it along where they are pickled or saved.
_POOLS: dict[tuple[int, torch.device], Tensor] = {}


def pool(images: NDArray[Any], device: torch.device, wanted: bool | Literal["auto"]) -> Tensor | None:
    """The images (N, ...) as one tensor on the device, uploaded once; None where they are not to lie there.

    device: as a tensor names its own. wanted: 'auto' = on CUDA, where the images take at most a quarter of the memory
    that is free at the first call. True: on any device.
    """
    key = (id(images), device)
    if wanted and key not in _POOLS and (wanted != "auto" or _fits(images, device)):
        _POOLS[key] = _uploaded(images, device)
        weakref.finalize(images, _POOLS.pop, key, None)
    return _POOLS.get(key) if wanted else None


def _fits(images: NDArray[Any], device: torch.device) -> bool:
    return device.type == "cuda" and images.nbytes <= torch.cuda.mem_get_info(device)[0] // 4


def _uploaded(images: NDArray[Any], device: torch.device) -> Tensor:
    dtype = torch.from_numpy(np.array(images[:0])).dtype
    whole = torch.empty(images.shape, dtype=dtype, device=device)
    for start in range(0, len(images), BLOCK):
        whole[start : start + BLOCK] = torch.from_numpy(np.array(images[start : start + BLOCK]))
    return whole
