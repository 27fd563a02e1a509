"""Views by a transform of torchvision, or by any function of a batch."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semisup.core.errors import SemisupError
from semisup.core.schema import locate

Transform = Callable[[Tensor], Tensor]


def build_transform(where: str, node: Mapping[str, Any] | Transform | None) -> Transform | None:
    """A transform from its node in a config: `_target_` and arguments, which may hold further nodes.

    Args:
        where: The option, for messages.
        node: The node; a transform, or None, is returned as it is.

    Returns:
        The transform.

    Raises:
        SemisupError: If there is no such class, or it does not take the arguments.
    """
    if not isinstance(node, Mapping):
        return node
    try:
        built: Transform = _build(where, node)
    except (TypeError, ValueError) as error:
        raise SemisupError(f"{where}: {node.get('_target_')} does not take these arguments ({error}).") from error
    if not callable(built):
        raise SemisupError(f"{where} needs a _target_, such as torchvision.transforms.v2.TrivialAugmentWide.")
    return built


def draw_seeds(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """The parameters of a view by a transform.

    Args:
        rng: The generator.
        count: B.

    Returns:
        A seed for each image, (B,) int64.
    """
    return rng.integers(0, 2**63 - 1, count)


def apply_transform(name: str, transform: Transform, images: Tensor, seeds: NDArray[Any]) -> Tensor:
    """Makes a view of a batch.

    A transform of torchvision is called for each image, since it draws the same for all images of a batch. Its random
    numbers depend on the image's seed alone. Any other callable is called once with the batch, and torch is seeded by
    the first image. The random state of torch is afterwards as it was.

    Args:
        name: The view's name, for messages.
        transform: Takes images (C, H, W), or a batch (B, C, H, W), uint8. Returns the same shape, uint8 or floats from
            0 to 1.
        images: (B, H, W, C) uint8.
        seeds: (B,) int64.

    Returns:
        (B, H, W, C), uint8 or float32 from 0 to 255.

    Raises:
        SemisupError: If the transform returns another shape.
    """
    batch = images.permute(0, 3, 1, 2)
    with torch.random.fork_rng(devices=[batch.device] if batch.is_cuda else []):
        if type(transform).__module__.startswith("torchvision."):
            view = torch.stack([_seeded(transform, image, seed) for image, seed in zip(batch, seeds, strict=True)])
        else:
            view = _seeded(transform, batch, seeds[0])
    if view.shape != batch.shape:
        raise SemisupError(
            f"data.{name} returns {tuple(view.shape)} for images {tuple(batch.shape)}; a view has its image's shape."
        )
    scaled = view.float() * 255 if view.is_floating_point() else view
    return scaled.permute(0, 2, 3, 1).contiguous()


def _seeded(transform: Transform, images: Tensor, seed: int) -> Tensor:
    torch.manual_seed(int(seed))
    return transform(images)


def _build(where: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        arguments = {key: _build(where, item) for key, item in value.items() if key != "_target_"}
        if "_target_" not in value:
            return arguments
        return locate(value["_target_"], f"{where}._target_")(**arguments)
    return [_build(where, item) for item in value] if isinstance(value, list | tuple) else value
