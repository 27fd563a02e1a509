"""Our weak and strong views of a batch, against torchvision's transforms, which take one image after the other.

Both start from the same uint8 images in the host's memory, and end with normalized float32 images on the device.
Drawing is included. They take turns in one process. Torchvision's are the usual transforms on Pillow images.
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision import transforms

from benchmarks.setting import now, setting, spread
from semisup.data.transforms import ImageViews

Maker = Callable[[], Tensor]
COUNT = 448  # images of a batch


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Images per second of our views and of torchvision's, for the weak and for the strong view."""
    case = setting("supervised", options.networks[0], options, max_steps=1)
    views = case.data.views
    if not isinstance(views, ImageViews):
        return []
    device = case.training.tester().strategy.root_device
    images = np.array(case.store.images[:COUNT])
    rows = []
    for view in ("weak", "strong"):
        ours, theirs = batched(views, view, images, device), per_image(case, view, images, device)
        assert ours().shape == theirs().shape  # warms up, too
        ours_seconds, their_seconds = [], []
        for _ in range(options.rounds):
            ours_seconds.append(timed(ours, options.steps or 10, device))
            their_seconds.append(timed(theirs, 1, device))
        rows.append({"view": view, **figures(len(images), ours_seconds, their_seconds)})
    return rows


def figures(images: int, ours: list[float], theirs: list[float]) -> dict[str, Any]:
    """The results, from the seconds per batch of each round."""
    seconds = {"ours": float(np.median(ours)), "torchvision": float(np.median(theirs))}
    return {
        "images": images,
        "seconds": seconds,
        "images_per_second": {name: images / value for name, value in seconds.items()},
        "times_torchvision": spread([b / a for a, b in zip(ours, theirs, strict=True)]),
    }


def timed(make: Maker, times: int, device: torch.device) -> float:
    """Seconds per call."""
    began = now(device)
    for _ in range(times):
        make()
    return (now(device) - began) / times


def batched(views: ImageViews, view: str, images: Any, device: torch.device) -> Maker:
    """A function that makes our views of a batch."""
    rng = np.random.default_rng(0)

    def make() -> Tensor:
        aug_params = views.draw_aug_params(view, rng, len(images))
        return views.apply(view, torch.from_numpy(images).to(device, non_blocking=True), aug_params)

    return make


def per_image(case: Any, view: str, images: Any, device: torch.device) -> Maker:
    """A function that makes torchvision's views of a batch."""
    flip, crop = 0.5 if case.data.views.flip else 0.0, (images.shape[1:3], case.data.views.padding)
    weak = [transforms.RandomHorizontalFlip(flip), transforms.RandomCrop(*crop, padding_mode="reflect")]
    strong = [transforms.RandAugment(num_ops=2)] if view == "strong" else []
    # A square with a side of up to half the image's.
    cutout = [transforms.RandomErasing(p=1.0, scale=(0.0, 0.25), ratio=(1.0, 1.0))] if view == "strong" else []
    tensor = [transforms.ToTensor(), transforms.Normalize(case.store.mean, case.store.std)]
    transform = transforms.Compose([*weak, *strong, *tensor, *cutout])
    gray = images.shape[3] == 1

    def make() -> Tensor:
        made = [transform(Image.fromarray(image[..., 0] if gray else image)) for image in images]
        return torch.stack(made).to(device)

    return make
