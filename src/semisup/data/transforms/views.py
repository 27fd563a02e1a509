"""Random views of a whole batch of inputs, each input with parameters of its own.

A view has two parts. `draw` draws the parameters of a batch on the host and depends on nothing but the generator;
`apply` makes the view on the device that the inputs are on, with no loop over inputs and without waiting for the
device. The drawn parameters are arrays whose first axis is the input: of several processes, each can slice its share
out of a batch that all of them have drawn, and gets the same rows as one process alone, bit for bit.
"""

import re
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import grid_sample

from semisup.core.errors import SemisupError, did_you_mean
from semisup.data.transforms.randaugment import GREY, draw_operations, randaugment, send

AugParams = dict[str, NDArray[Any]]
KINDS = ("plain", "weak", "strong")


class Views(Protocol):
    """How inputs of one type are seen. A view is 'plain', 'weak' or 'strong'; 'weak_2' is another weak one."""

    def draw(self, view: str, rng: np.random.Generator, count: int) -> AugParams:
        """The parameters of `count` views: arrays with `count` rows. The plain view has none."""
        ...

    def apply(self, view: str, inputs: Tensor, aug_params: AugParams) -> Tensor:
        """The views (B, ...) float32 of a batch of inputs, as a network takes them, on the inputs' device."""
        ...


def kind(view: str) -> str:
    """Which of KINDS a view is: 'strong_2' is a strong one. Raises SemisupError for any other name."""
    if match := re.fullmatch(rf"({'|'.join(KINDS)})(_\d+)?", view):
        return match[1]
    raise SemisupError(f"There is no view '{view}'; {did_you_mean(view, KINDS)}")


class ImageViews:
    """Views of images, (B, H, W, C) uint8 contiguous -> (B, C, H, W) float32 in channels_last, normalized.

    plain: the image. weak: a random horizontal flip, then a crop of the same size out of the image padded by
    reflection (FixMatch: Sohn et al., 2020, arXiv:2001.07685, section 2.3; the authors' code pads by 4 pixels, STL-10
    by 12, and does not flip SVHN). strong: weak, then RandAugment (its details are in randaugment.py), then a grey
    square: its side is uniform in [0, cutout] times the shorter side of the image and its center uniform in the image,
    so that a part of it may lie outside (table 12; where it says width, we take the shorter side). The authors'
    RandAugment code cuts 16 x 16 pixels from every image instead.

    rotation and zoom, both off unless asked for, are a part of the weak view, between flip and crop: each image is
    turned about its center by an angle uniform in ± rotation degrees and scaled by a factor uniform in 1 ± zoom. What
    comes from outside of the image is mirrored, as in the padded crop.

    shape: (C, H, W), C = 1 or 3. mean, std: per channel, of values in [0, 1].
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        mean: Sequence[float],
        std: Sequence[float],
        *,
        flip: bool = True,
        padding: int = 4,
        operations: int = 2,
        cutout: float = 0.5,
        rotation: float = 0.0,
        zoom: float = 0.0,
    ) -> None:
        channels, self.height, self.width = shape
        if channels not in (1, 3):
            raise SemisupError(f"Views want grey (1) or RGB (3) images, and these have {channels} channels.")
        if not 0 <= padding < min(self.height, self.width):
            raise SemisupError(
                f"padding={padding} must be at least 0 and smaller than the images, {self.height} x {self.width}."
            )
        if operations < 0:
            raise SemisupError(f"operations={operations} must be at least 0.")
        if not 0 <= cutout <= 1:
            raise SemisupError(f"cutout={cutout} must be between 0 and 1.")
        if not 0 <= rotation <= 180:
            raise SemisupError(f"rotation={rotation} is in degrees and must be between 0 and 180.")
        if not 0 <= zoom < 1:
            raise SemisupError(f"zoom={zoom} must be at least 0 and below 1.")
        self.flip, self.padding, self.operations, self.cutout = flip, padding, operations, cutout
        self.rotation, self.zoom = rotation, zoom
        deviation = np.asarray(std, np.float64)
        self.scale = (1 / (255 * deviation)).astype(np.float32)  # (C,): view = scale · image + shift
        self.shift = (-np.asarray(mean) / deviation).astype(np.float32)

    def draw(self, view: str, rng: np.random.Generator, count: int) -> AugParams:
        """weak: flip (B,) bool, top and left (B,) int64. strong: also draw_operations', and square (B, 4) int64.

        With rotation or zoom, last of all: angle and factor (B,) float64.
        """
        aug_params: AugParams = {}
        if kind(view) != "plain":
            aug_params["flip"] = rng.random(count) < (0.5 if self.flip else 0.0)
            aug_params["top"], aug_params["left"] = rng.integers(0, 2 * self.padding + 1, (2, count))
        if kind(view) == "strong":
            aug_params |= draw_operations(rng, count, self.operations)
            half = rng.random(count) * self.cutout * min(self.height, self.width) / 2
            y, x = rng.random((2, count)) * [[self.height], [self.width]]
            # top, bottom, left, right: the pixels whose center lies in the square
            aug_params["square"] = np.ceil(np.stack([y - half, y + half, x - half, x + half], 1) - 0.5).astype(np.int64)
        if kind(view) != "plain" and (self.rotation or self.zoom):
            aug_params["angle"] = rng.uniform(-self.rotation, self.rotation, count)
            aug_params["factor"] = rng.uniform(1 - self.zoom, 1 + self.zoom, count)
        return aug_params

    def apply(self, view: str, inputs: Tensor, aug_params: AugParams) -> Tensor:
        """(B, H, W, C) uint8 contiguous -> (B, C, H, W) float32 in channels_last, normalized."""
        images = inputs
        if kind(view) != "plain":
            places = (aug_params["flip"], aug_params["top"], aug_params["left"], self.padding)
            if "angle" in aug_params:
                images = flip_turn_and_crop(images, *places, aug_params["angle"], aug_params["factor"])
            else:
                images = flip_and_crop(images, *places)
        if kind(view) == "strong":
            images = randaugment(images, aug_params["operation"], aug_params["magnitude"])
            images = cut_out(images, aug_params["square"])
        # Whole rows and not pixels of C values: the loop inside torch is then long enough to be fast.
        scale, shift = (send(value, images.device).repeat(self.width) for value in (self.scale, self.shift))
        views = images.flatten(2).float().mul_(scale).add_(shift)
        return views.view(images.shape).permute(0, 3, 1, 2)


class TableViews:
    """Views of rows of a table, (B, D) float32 -> (B, D) float32, standardized by mean and std (D,).

    weak: adds normal noise, `noise` standard deviations of the column wide. strong: then puts the column's mean in
    place of each value with probability `drop`. Our own, as there is no agreed way of augmenting tables.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], *, noise: float = 0.1, drop: float = 0.2) -> None:
        if noise < 0:
            raise SemisupError(f"noise={noise} must be at least 0.")
        if not 0 <= drop <= 1:
            raise SemisupError(f"drop={drop} must be between 0 and 1.")
        self.mean, self.std = np.asarray(mean, np.float32), np.asarray(std, np.float32)
        self.noise, self.drop = noise, drop

    def draw(self, view: str, rng: np.random.Generator, count: int) -> AugParams:
        """weak: noise (B, D) float32. strong: also drop (B, D) bool."""
        aug_params: AugParams = {}
        size = (count, len(self.mean))
        if kind(view) != "plain":
            aug_params["noise"] = np.float32(self.noise) * rng.standard_normal(size, np.float32)
        if kind(view) == "strong":
            aug_params["drop"] = rng.random(size) < self.drop
        return aug_params

    def apply(self, view: str, inputs: Tensor, aug_params: AugParams) -> Tensor:
        """(B, D) float32 -> (B, D) float32."""
        device = inputs.device
        views = (inputs - send(self.mean, device)) / send(self.std, device)
        if kind(view) != "plain":
            views = views + send(aug_params["noise"], device)
        if kind(view) == "strong":
            views = views.masked_fill(send(aug_params["drop"], device), 0.0)  # the mean of a standardized column
        return views


def flip_and_crop(
    images: Tensor, flip: NDArray[np.bool_], top: NDArray[np.int64], left: NDArray[np.int64], padding: int
) -> Tensor:
    """Each image flipped or not, padded by reflection, and cropped to its size from (top, left) on, in one lookup.

    images: (B, H, W, C) uint8. flip, top, left: (B,); top and left in [0, 2 · padding].
    """
    count, height, width, channels = images.shape
    device = images.device
    row = _reflect(torch.arange(height, device=device) + send(top - padding, device)[:, None], height)
    column = _reflect(torch.arange(width, device=device) + send(left - padding, device)[:, None], width)
    column = torch.where(send(flip, device)[:, None], width - 1 - column, column)
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
) -> Tensor:
    """As `flip_and_crop`, each image turned and magnified about its center before the crop; bilinear, in one lookup.

    angle: (B,) degrees, counter-clockwise. factor: (B,), above 1 magnifies. Another kind of device may round a value to
    the level beside it.
    """
    height, width = images.shape[1:3]
    device = images.device
    center_y, center_x = (height - 1) / 2, (width - 1) / 2
    cos, sin = np.cos(np.deg2rad(angle)) / factor, np.sin(np.deg2rad(angle)) / factor
    side = np.where(flip, -1, 1) / max(center_x, 0.5)  # grid_sample's places: -1 and 1 are the outermost pixels
    matrix = np.stack([side * cos, -side * sin, sin / max(center_y, 0.5), cos / max(center_y, 0.5)], dtype=np.float32)
    a, b, c, d = send(matrix, device)[:, :, None]
    x = torch.arange(width, device=device) + send((left - padding - center_x).astype(np.float32), device)[:, None]
    y = torch.arange(height, device=device) + send((top - padding - center_y).astype(np.float32), device)[:, None]
    column = (a * x)[:, None, :] + (b * y)[:, :, None]  # (B, H, W)
    row = (c * x)[:, None, :] + (d * y)[:, :, None]
    planes, grid = images.permute(0, 3, 1, 2).float(), torch.stack([column, row], 3)
    turned = grid_sample(planes, grid, padding_mode="reflection", align_corners=True)
    return turned.add_(0.5).byte().permute(0, 2, 3, 1).contiguous()


def cut_out(images: Tensor, square: NDArray[np.int64]) -> Tensor:
    """Images (B, H, W, C) uint8 with a rectangle in grey. square: (B, 4) top, bottom, left, right; ends excluded."""
    height, width, channels = images.shape[1:]
    top, bottom, left, right = send(square.T, images.device)[:, :, None]
    row = torch.arange(height, device=images.device)
    column = torch.arange(width, device=images.device).repeat_interleave(channels)
    rows, columns = (row >= top) & (row < bottom), (column >= left) & (column < right)
    inside = (255 * rows.byte())[:, :, None] & (255 * columns.byte())[:, None, :]  # (B, H, W·C): 255, and 0 outside
    values = images.flatten(2)
    return (values ^ ((values ^ GREY) & inside)).view(images.shape)  # bits, as they are faster than masked_fill


def _reflect(index: Tensor, size: int) -> Tensor:
    """Places beyond either end, by less than `size`, mirrored at the outermost pixel, which is not repeated."""
    return size - 1 - (size - 1 - index.abs()).abs()
