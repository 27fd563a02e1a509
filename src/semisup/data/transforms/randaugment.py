"""RandAugment of a batch: other operations and magnitudes for each image, without a loop over images.

Each operation takes images (n, H, W, C) uint8, C = 1 (gray) or 3 (RGB), and magnitudes (n,) on the host. It returns
new images of the same shape and dtype. They compute what Pillow computes, with exact sums: a view does not depend on
how a batch is divided, bit for bit. Two exceptions: AutoContrast is sometimes one level above Pillow's, whose quotient
is then just below a whole number. A translation within 2**-17 of half a pixel may be rounded to the other side.

Source: Sohn et al., 2020, arXiv:2001.07685, table 12. As in the paper, every drawn operation is applied, with a
magnitude uniform in the table's range; Posterize keeps 4, 5, 6, 7 or 8 bits, each equally often.

Departures from the authors' RandAugment code: it skips each drawn operation with probability 1/2, has nine levels,
enhances by 0.28 to 1.72 and keeps 1 to 4 bits. As in that code, pixels from outside of the image are gray; other
implementations have black.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn.functional import pad

GRAY = 127  # the 0.5 of the paper, as the authors' code rounds it
Magnitude = NDArray[np.float64]


def to_device(values: ArrayLike, device: torch.device) -> Tensor:
    """Copies a small array of the host to a device, without waiting for the device.

    Args:
        values: The array.
        device: The device.

    Returns:
        A tensor of the same shape and dtype.
    """
    return torch.from_numpy(np.ascontiguousarray(values)).to(device, non_blocking=True)


def _autocontrast(images: Tensor, magnitude: Magnitude) -> Tensor:
    """Stretches each channel so that its values reach from 0 to 255. Has no magnitude."""
    low, high = images.amin((1, 2), keepdim=True), images.amax((1, 2), keepdim=True)
    spread = torch.where(high > low, high - low, 255)  # a channel with one value only keeps it:
    low = torch.where(high > low, low, 0)  # (value - 0) · 255 / 255
    return (images - low).float().mul_(255).div_(spread).byte()


def _brightness(images: Tensor, magnitude: Magnitude) -> Tensor:
    """Blends with black: 0 is black, 1 the image."""
    return _blend(torch.zeros((), device=images.device), images, magnitude)


def _color(images: Tensor, magnitude: Magnitude) -> Tensor:
    """Blends with the gray image: 0 is gray, 1 the image. Does nothing to a gray image."""
    return _blend(_luma(images)[..., None].float(), images, magnitude)


def _contrast(images: Tensor, magnitude: Magnitude) -> Tensor:
    """Blends with the mean of the gray image: 0 is one even gray, 1 the image."""
    size = images.shape[1] * images.shape[2]
    mean = (2 * _luma(images).sum((1, 2)) + size) // (2 * size)  # rounded to the nearest
    return _blend(mean[:, None, None, None].float(), images, magnitude)


def _equalize(images: Tensor, magnitude: Magnitude) -> Tensor:
    """Flattens each channel's histogram. Has no magnitude."""
    count, height, width, channels = images.shape
    channel = torch.arange(channels, device=images.device).repeat(height * width)
    bins = images.flatten(1).long() + 256 * channel  # (n, H·W·C): one of 256 bins in one of C histograms
    one = bins.new_ones(()).expand_as(bins)
    histogram = bins.new_zeros(count, channels * 256).scatter_add_(1, bins, one).view(count, channels, 256)
    brightest = images.amax((1, 2)).long()[..., None]
    step = (height * width - histogram.gather(2, brightest)) // 255
    below = histogram.cumsum(2) - histogram  # how many pixels are darker than each value
    table = ((below + step // 2) // step.clamp(min=1)).clamp(max=255)
    table = torch.where(step > 0, table, torch.arange(256, device=images.device))
    return table.byte().flatten(1).gather(1, bins).view(images.shape)


def _identity(images: Tensor, magnitude: Magnitude) -> Tensor:
    """The images as they are. Has no magnitude."""
    return images


def _posterize(images: Tensor, magnitude: Magnitude) -> Tensor:
    """Keeps the highest bits, as many as the whole part of the magnitude says."""
    mask = 256 - 2 ** (8 - magnitude.astype(np.int64))
    return images & _each(mask.astype(np.uint8), images)


def _rotate(images: Tensor, magnitude: Magnitude) -> Tensor:
    """Turns counter-clockwise about the center, by degrees."""
    cos, sin = np.cos(np.deg2rad(magnitude)), np.sin(np.deg2rad(magnitude))
    y, x = images.shape[1] / 2, images.shape[2] / 2
    return _affine(images, cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y)


def _sharpness(images: Tensor, magnitude: Magnitude) -> Tensor:
    """Blends with the smoothed image: 0 is smooth, 1 the image. The border, one pixel wide, stays as it is."""
    values = images.float()  # whole numbers below 2**24: their sums are exact
    rows = values[:, :-2] + values[:, 1:-1] + values[:, 2:]
    box = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    smooth = values.clone()
    smooth[:, 1:-1, 1:-1] = box.add_(4 * values[:, 1:-1, 1:-1]).div_(13).add_(0.5).floor_()
    return _blend(smooth, images, magnitude)


def _shear_x(images: Tensor, magnitude: Magnitude) -> Tensor:
    """Moves each row to the left by `magnitude` times its distance from the top."""
    return _affine(images, b=magnitude)


def _shear_y(images: Tensor, magnitude: Magnitude) -> Tensor:
    """Moves each column up by `magnitude` times its distance from the left."""
    return _affine(images, d=magnitude)


def _solarize(images: Tensor, magnitude: Magnitude) -> Tensor:
    """Inverts the values that reach `magnitude`, which is in [0, 1]."""
    threshold = np.ceil(256 * magnitude).astype(np.int16)  # for whole values, the same as 256 · magnitude
    return images ^ 255 * (images >= _each(threshold, images)).byte()  # value ^ 255 = 255 - value


def _translate_x(images: Tensor, magnitude: Magnitude) -> Tensor:
    """Moves the image to the left by `magnitude` times its width."""
    return _affine(images, c=magnitude * images.shape[2])


def _translate_y(images: Tensor, magnitude: Magnitude) -> Tensor:
    """Moves the image up by `magnitude` times its height."""
    return _affine(images, f=magnitude * images.shape[1])


class Operation(NamedTuple):
    """An operation and the range of its magnitude.

    Args:
        apply: Maps images (n, H, W, C) uint8 and magnitudes (n,) to images.
        low: The smallest magnitude.
        high: The largest magnitude.
    """

    apply: Callable[[Tensor, Magnitude], Tensor]
    low: float = 0.0
    high: float = 0.0


OPERATIONS = (  # FixMatch, table 12
    Operation(_autocontrast),
    Operation(_brightness, 0.05, 0.95),
    Operation(_color, 0.05, 0.95),
    Operation(_contrast, 0.05, 0.95),
    Operation(_equalize),
    Operation(_identity),
    Operation(_posterize, 4, 9),  # below 9: 4 to 8 bits
    Operation(_rotate, -30, 30),
    Operation(_sharpness, 0.05, 0.95),
    Operation(_shear_x, -0.3, 0.3),
    Operation(_shear_y, -0.3, 0.3),
    Operation(_solarize, 0, 1),
    Operation(_translate_x, -0.3, 0.3),
    Operation(_translate_y, -0.3, 0.3),
)


def draw_operations(rng: np.random.Generator, count: int, operations: int) -> dict[str, NDArray[Any]]:
    """Draws operations of OPERATIONS for each image, with replacement.

    Args:
        rng: The generator.
        count: The number of images.
        operations: How many operations each image gets, one after the other.

    Returns:
        operation (count, operations) int64, indices into OPERATIONS, and magnitude (count, operations) float64.
    """
    operation = rng.integers(0, len(OPERATIONS), (count, operations))
    low, high = np.array([[choice.low, choice.high] for choice in OPERATIONS])[operation].transpose(2, 0, 1)
    return {"operation": operation, "magnitude": low + (high - low) * rng.random((count, operations))}


def randaugment(images: Tensor, operation: NDArray[np.int64], magnitude: Magnitude) -> Tensor:
    """Applies to each image the operations that were drawn for it.

    Args:
        images: (B, H, W, C) uint8.
        operation: (B, operations), indices into OPERATIONS.
        magnitude: (B, operations).

    Returns:
        (B, H, W, C) uint8.
    """
    for chosen, strength in zip(operation.T, magnitude.T, strict=True):
        # The batch is sorted by operation, so that the images of one operation are a slice, and put back in order.
        order = np.argsort(chosen, kind="stable")
        counts = np.bincount(chosen, minlength=len(OPERATIONS))
        groups = images.index_select(0, to_device(order, images.device)).split(counts.tolist())
        strengths = np.split(strength[order], np.cumsum(counts)[:-1])
        done = [choice.apply(*group) for choice, *group in zip(OPERATIONS, groups, strengths, strict=True)]
        images = torch.cat(done).index_select(0, to_device(np.argsort(order), images.device))
    return images


def _each(values: NDArray[Any], images: Tensor) -> Tensor:
    """One number per image, (n,), as a tensor (n, 1, 1, 1) beside the images."""
    return to_device(values, images.device)[:, None, None, None]


def _luma(images: Tensor) -> Tensor:
    """Brightness (n, H, W) int32, 0 to 255, of ITU-R 601-2 in Pillow's whole numbers."""
    if images.shape[3] == 1:
        return images[..., 0].int()
    red, green, blue = images.int().unbind(3)
    return (19595 * red + 38470 * green + 7471 * blue + 2**15) >> 16


def _blend(base: Tensor, images: Tensor, factor: Magnitude) -> Tensor:
    """base + factor · (images - base), rounded down. base: float32 whole numbers; factor: in [0, 1]."""
    return (images - base).mul_(_each(factor.astype(np.float32), images)).add_(base).byte()


def _affine(
    images: Tensor,
    a: ArrayLike = 1.0,
    b: ArrayLike = 0.0,
    c: ArrayLike = 0.0,
    d: ArrayLike = 0.0,
    e: ArrayLike = 1.0,
    f: ArrayLike = 0.0,
) -> Tensor:
    """Pixel (x, y) becomes the one at (a·x + b·y + c, d·x + e·y + f), each number (n,) or one for all; else gray.

    Nearest neighbor, a pixel's place being its center, in fixed point of 16 bits: for images smaller than 2**14.
    """
    count, height, width, channels = images.shape
    matrix = np.stack(np.broadcast_arrays(a, b, c, d, e, f))  # (6, n)
    matrix[[2, 5]] += (matrix[[0, 3]] + matrix[[1, 4]]) / 2  # from the center of pixel (0, 0)
    matrix[[2, 5]] += 1  # in an image with a border, one pixel wide, of gray: what lies outside is put there
    fixed = to_device(np.floor(matrix * 2**16 + 0.5).astype(np.int32), images.device)[:, :, None, None]
    x = torch.arange(width, dtype=torch.int32, device=images.device)
    y = torch.arange(height, dtype=torch.int32, device=images.device)[:, None]
    column = ((fixed[0] * x + (fixed[1] * y + fixed[2])) >> 16).clamp_(0, width + 1)  # (n, H, W)
    row = ((fixed[3] * x + (fixed[4] * y + fixed[5])) >> 16).clamp_(0, height + 1)
    first = torch.arange(count, device=images.device)[:, None, None] * ((height + 2) * (width + 2))
    source = row.mul_(width + 2).add_(column) + first  # (n, H, W), in a list of all pixels
    pixels = pad(images, (0, 0, 1, 1, 1, 1), value=GRAY).view(-1, channels)
    return pixels.index_select(0, source.view(-1)).view(images.shape)
