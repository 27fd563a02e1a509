"""Views of images: flip, crop, rotation, zoom, RandAugment and cutout."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from torch import Tensor

from semisup.core.errors import SemisupError
from semisup.core.ranges import Fraction, NonNegativeInt, Probability, Range, enforce_ranges
from semisup.data.transforms.custom import Transform, apply_transform, draw_seeds
from semisup.data.transforms.geometry import cut_out, flip_and_crop, flip_turn_and_crop
from semisup.data.transforms.randaugment import draw_operations, randaugment, to_device
from semisup.data.transforms.views import AugParams, Views, view_kind

Degrees = Annotated[float, Range(0, 180)]
Flip = bool | Literal["both"]
Operations = Annotated[int, Range(0, 100)]


@enforce_ranges
class ImageViews(Views):
    """Views of images, (B, H, W, C) uint8 contiguous -> (B, C, H, W) float32 in channels_last, normalized.

    plain: The image.

    weak: A horizontal flip with probability 1/2, and with `flip='both'` a vertical one, too. Then a random crop of the
    same size out of the image padded by reflection. With `rotation` or `zoom`, each image is turned and scaled about
    its center between flip and crop; what comes from outside of the image is its reflection.

    medium: Weak, then half of the strong view's operations, rounded up.

    strong: Weak, then RandAugment, then a gray square with a uniform center and a side uniform in [0, cutout] times the
    shorter side of the image. A part of the square may be outside of the image.

    Source: Sohn et al., 2020, arXiv:2001.07685, section 2.3 and table 12. The authors' code pads by 4 pixels, STL-10 by
    12, and does not flip SVHN. Departures: the square's side relates to the shorter side, where the paper says width;
    the authors' RandAugment code cuts 16 x 16 pixels instead. Rotation and zoom are our own, and off by default.

    Args:
        shape: (C, H, W), C = 1 or 3.
        mean: Per channel, of values in [0, 1].
        std: Per channel, of values in [0, 1].
        flip: Whether the weak view flips images horizontally; 'both': vertically as well.
        padding: Of the weak view's crop, in pixels.
        operations: The number of RandAugment operations of the strong view.
        cutout: The largest side of the strong view's square, as a fraction of the shorter side.
        rotation: The largest angle of the weak view, in degrees.
        zoom: The weak view's factor is uniform in 1 ± zoom.
        weak: Makes the weak view instead, as of `apply_transform`.
        strong: Makes the strong view instead, of the image itself.

    Raises:
        SemisupError: If the images have another number of channels, or are not larger than the padding.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        mean: Sequence[float],
        std: Sequence[float],
        *,
        flip: Flip = True,
        padding: NonNegativeInt = 4,
        operations: Operations = 2,
        cutout: Probability = 0.5,
        rotation: Degrees = 0.0,
        zoom: Fraction = 0.0,
        weak: Transform | None = None,
        strong: Transform | None = None,
    ) -> None:
        channels, self.height, self.width = shape
        if channels not in (1, 3):
            raise SemisupError(f"images need 1 channel (gray) or 3 (RGB), and these have {channels}.")
        if padding >= min(self.height, self.width):
            raise SemisupError(f"padding={padding} must be smaller than the images, {self.height} x {self.width}.")
        self.flip, self.padding, self.operations, self.cutout = flip, padding, operations, cutout
        self.rotation, self.zoom = rotation, zoom
        self.transforms = {"weak": weak, "strong": strong}
        deviation = np.asarray(std, np.float64)
        self.scale = (1 / (255 * deviation)).astype(np.float32)  # (C,): view = scale · image + shift
        self.shift = (-np.asarray(mean) / deviation).astype(np.float32)

    def draw_aug_params(self, view: str, rng: np.random.Generator, count: int) -> AugParams:
        """Draws the parameters of a view.

        Args:
            view: The view's name.
            rng: The generator.
            count: B.

        Returns:
            For weak: flip (B,) bool, top and left (B,) int64. For medium and strong, also: operation and magnitude, as
            of `draw_operations`. For strong, also: square (B, 4) int64. With rotation or zoom, also: angle and factor
            (B,) float64. With flip='both', also: upside_down (B,) bool.
            For a view by a transform: seed (B,) int64 alone.
        """
        if self.transforms.get(view_kind(view)) is not None:
            return {"seed": draw_seeds(rng, count)}
        aug_params: AugParams = {}
        if view_kind(view) != "plain":
            aug_params["flip"] = rng.random(count) < (0.5 if self.flip else 0.0)
            aug_params["top"], aug_params["left"] = rng.integers(0, 2 * self.padding + 1, (2, count))
        if view_kind(view) == "medium":
            aug_params |= draw_operations(rng, count, (self.operations + 1) // 2)
        if view_kind(view) == "strong":
            aug_params |= draw_operations(rng, count, self.operations)
            half = rng.random(count) * self.cutout * min(self.height, self.width) / 2
            y, x = rng.random((2, count)) * [[self.height], [self.width]]
            # top, bottom, left, right: the pixels whose center is in the square
            aug_params["square"] = np.ceil(np.stack([y - half, y + half, x - half, x + half], 1) - 0.5).astype(np.int64)
        if view_kind(view) != "plain" and (self.rotation or self.zoom):
            aug_params["angle"] = rng.uniform(-self.rotation, self.rotation, count)
            aug_params["factor"] = rng.uniform(1 - self.zoom, 1 + self.zoom, count)
        if view_kind(view) != "plain" and self.flip == "both":
            aug_params["upside_down"] = rng.random(count) < 0.5
        return aug_params

    def apply(self, view: str, inputs: Tensor, aug_params: AugParams) -> Tensor:
        """Makes a view of a batch.

        Args:
            view: The view's name.
            inputs: (B, H, W, C) uint8, contiguous.
            aug_params: The view's parameters, of B rows.

        Returns:
            (B, C, H, W) float32 in channels_last, normalized.
        """
        transform = self.transforms.get(view_kind(view))
        if transform is not None:
            images = apply_transform(view_kind(view), transform, inputs, aug_params["seed"])
        else:
            images = self._augment(view, inputs, aug_params)
        # Rows of W·C values and not pixels of C: the loop inside torch is then long enough to be fast.
        scale, shift = (to_device(value, images.device).repeat(self.width) for value in (self.scale, self.shift))
        views = images.flatten(2).float().mul_(scale).add_(shift)
        return views.view(images.shape).permute(0, 3, 1, 2)

    def _augment(self, view: str, images: Tensor, aug_params: AugParams) -> Tensor:
        if view_kind(view) != "plain":
            places = (aug_params["flip"], aug_params["top"], aug_params["left"], self.padding)
            end = aug_params.get("upside_down")
            if "angle" in aug_params:
                images = flip_turn_and_crop(images, *places, aug_params["angle"], aug_params["factor"], end)
            else:
                images = flip_and_crop(images, *places, end)
        if view_kind(view) in ("medium", "strong"):
            images = randaugment(images, aug_params["operation"], aug_params["magnitude"])
        if view_kind(view) == "strong":
            images = cut_out(images, aug_params["square"])
        return images
