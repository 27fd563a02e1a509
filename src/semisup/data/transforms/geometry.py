"""Flip, crop, rotation, zoom and cutout of a batch of images, each image with parameters of its own."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import grid_sample

from semisup.data.transforms.randaugment import GRAY, to_device


def flip_and_crop(
    images: Tensor,
    flip: NDArray[np.bool_],
    top: NDArray[np.int64],
    left: NDArray[np.int64],
    padding: int,
    upside_down: NDArray[np.bool_] | None = None,
) -> Tensor:
    """Flips images, pads them by reflection, and crops them to their size, in one lookup.

    Args:
        images: (B, H, W, C) uint8, contiguous.
        flip: Which images are flipped horizontally, (B,).
        top: The first row of the crop in the padded image, (B,), from 0 to 2 · padding.
        left: The first column, (B,), from 0 to 2 · padding.
        padding: On each side, in pixels.
        upside_down: Which images are flipped vertically, (B,); None for none.

    Returns:
        (B, H, W, C) uint8.
    """
    count, height, width, channels = images.shape
    device = images.device
    row = _reflect(torch.arange(height, device=device) + to_device(top - padding, device)[:, None], height)
    column = _reflect(torch.arange(width, device=device) + to_device(left - padding, device)[:, None], width)
    column = torch.where(to_device(flip, device)[:, None], width - 1 - column, column)
    if upside_down is not None:
        row = torch.where(to_device(upside_down, device)[:, None], height - 1 - row, row)
    first = torch.arange(0, count * height, height, device=device)[:, None]
    source = ((first + row) * width)[:, :, None] + column[:, None, :]  # (B, H, W), in a list of all pixels
    return images.view(-1, channels).index_select(0, source.view(-1)).view(images.shape)


def flip_turn_and_crop(
    images: Tensor,
    flip: NDArray[np.bool_],
    top: NDArray[np.int64],
    left: NDArray[np.int64],
    padding: int,
    angle: NDArray[np.float64],
    factor: NDArray[np.float64],
    upside_down: NDArray[np.bool_] | None = None,
) -> Tensor:
    """Does the same as `flip_and_crop`, but turns and scales the images about their center before the crop.

    Bilinear, in one lookup. Another kind of device may round a value to the next level.

    Args:
        images: (B, H, W, C) uint8.
        flip: Which images are flipped horizontally, (B,).
        top: The first row of the crop in the padded image, (B,), from 0 to 2 · padding.
        left: The first column, (B,), from 0 to 2 · padding.
        padding: On each side, in pixels.
        angle: (B,) degrees, counter-clockwise.
        factor: (B,), above 1 magnifies.
        upside_down: Which images are flipped vertically, (B,); None for none.

    Returns:
        (B, H, W, C) uint8, contiguous.
    """
    height, width = images.shape[1:3]
    device = images.device
    center_y, center_x = (height - 1) / 2, (width - 1) / 2
    cos, sin = np.cos(np.deg2rad(angle)) / factor, np.sin(np.deg2rad(angle)) / factor
    side = np.where(flip, -1, 1) / max(center_x, 0.5)  # in grid_sample, -1 and 1 are the outermost pixels
    end = np.where(False if upside_down is None else upside_down, -1, 1) / max(center_y, 0.5)
    matrix = np.stack([side * cos, -side * sin, end * sin, end * cos], dtype=np.float32)
    a, b, c, d = to_device(matrix, device)[:, :, None]
    x = torch.arange(width, device=device) + to_device((left - padding - center_x).astype(np.float32), device)[:, None]
    y = torch.arange(height, device=device) + to_device((top - padding - center_y).astype(np.float32), device)[:, None]
    column = (a * x)[:, None, :] + (b * y)[:, :, None]  # (B, H, W)
    row = (c * x)[:, None, :] + (d * y)[:, :, None]
    planes, grid = images.permute(0, 3, 1, 2).float(), torch.stack([column, row], 3)
    turned = grid_sample(planes, grid, padding_mode="reflection", align_corners=True)
    return turned.add_(0.5).byte().permute(0, 2, 3, 1).contiguous()


def cut_out(images: Tensor, square: NDArray[np.int64]) -> Tensor:
    """Makes a rectangle of each image gray.

    Args:
        images: (B, H, W, C) uint8.
        square: top, bottom, left and right of each rectangle, (B, 4); bottom and right are excluded.

    Returns:
        (B, H, W, C) uint8.
    """
    height, width, channels = images.shape[1:]
    top, bottom, left, right = to_device(square.T, images.device)[:, :, None]
    row = torch.arange(height, device=images.device)
    column = torch.arange(width, device=images.device).repeat_interleave(channels)
    rows, columns = (row >= top) & (row < bottom), (column >= left) & (column < right)
    inside = (255 * rows.byte())[:, :, None] & (255 * columns.byte())[:, None, :]  # (B, H, W·C): 255, and 0 outside
    values = images.flatten(2)
    return (values ^ ((values ^ GRAY) & inside)).view(images.shape)  # bits, as they are faster than masked_fill


def _reflect(index: Tensor, size: int) -> Tensor:
    """Reflects indices beyond either end, by less than `size`; the outermost pixel is not repeated."""
    return size - 1 - (size - 1 - index.abs()).abs()
