"""The operations against Pillow's, image by image, and how they are drawn."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps
from torch.testing import assert_close

from semisup.data.transforms.randaugment import GRAY, OPERATIONS, draw_operations, randaugment

SIZES = [(32, 32, 3), (32, 32, 1), (20, 33, 3), (17, 9, 1)]


def random_images(height: int, width: int, channels: int, count: int = 24) -> NDArray[np.uint8]:
    """Smooth and noisy images, dark and bright ones, one of a single color and one of two values."""
    rng = np.random.default_rng(height * width + channels)
    low = rng.integers(0, 128, (count, 1, 1, channels))
    images = low + rng.integers(0, 128, (count, height, width, channels)) * rng.random((count, 1, 1, 1))
    images[: count // 3] = np.linspace(0, 255, height * width * channels).reshape(height, width, channels)
    images[-1] = 77
    images[-2] = rng.choice([3, 250], (height, width, channels))
    return images.astype(np.uint8)


def affine(image: Image.Image, *matrix: float) -> Image.Image:
    return image.transform(image.size, Image.Transform.AFFINE, matrix, fillcolor=(GRAY,) * len(image.getbands()))


PILLOW: dict[str, Callable[[Image.Image, float], Image.Image]] = {
    "autocontrast": lambda image, m: ImageOps.autocontrast(image),
    "brightness": lambda image, m: ImageEnhance.Brightness(image).enhance(m),
    "color": lambda image, m: ImageEnhance.Color(image).enhance(m),
    "contrast": lambda image, m: ImageEnhance.Contrast(image).enhance(m),
    "equalize": lambda image, m: ImageOps.equalize(image),
    "identity": lambda image, m: image,
    "posterize": lambda image, m: ImageOps.posterize(image, int(m)),
    "rotate": lambda image, m: image.rotate(m, fillcolor=(GRAY,) * len(image.getbands())),
    "sharpness": lambda image, m: ImageEnhance.Sharpness(image).enhance(m),
    "shear_x": lambda image, m: affine(image, 1, m, 0, 0, 1, 0),
    "shear_y": lambda image, m: affine(image, 1, 0, 0, m, 1, 0),
    # PIL's types want a whole number as the threshold; it takes any
    "solarize": lambda image, m: ImageOps.solarize(image, 256 * m),  # type: ignore[arg-type]
    "translate_x": lambda image, m: affine(image, 1, 0, m * image.width, 0, 1, 0),
    "translate_y": lambda image, m: affine(image, 1, 0, 0, 0, 1, m * image.height),
}
EXACT = set(PILLOW) - {"autocontrast"}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.apply.__name__.lstrip("_"))
def test_operation_is_pillows(operation, size):
    """Equal, but for AutoContrast, where Pillow's quotient at times falls just short of a whole number."""
    images = random_images(*size)
    magnitude = np.random.default_rng(1).uniform(operation.low, operation.high, len(images))
    name = operation.apply.__name__.lstrip("_")
    done = operation.apply(torch.from_numpy(images), magnitude)
    assert (done.dtype, done.shape) == (torch.uint8, images.shape)
    for ours, image, strength in zip(done.numpy(), images, magnitude, strict=True):
        theirs = np.asarray(PILLOW[name](Image.fromarray(image.squeeze()), strength)).reshape(size)
        assert np.abs(ours.astype(int) - theirs).max() <= (0 if name in EXACT else 1)


def test_operations_do_not_change_their_input():
    images = torch.from_numpy(random_images(16, 16, 3))
    before = images.clone()
    for operation in OPERATIONS:
        operation.apply(images, np.full(len(images), (operation.low + operation.high) / 2))
        assert_close(images, before, rtol=0, atol=0)


def test_each_image_gets_its_own_operations_in_their_order():
    """Posterize to 4 bits and solarize at 1/2 of the value 200: 200 -> 192 -> 63, and the other way 200 -> 55 -> 48."""
    posterize, solarize, identity = (
        [operation.apply.__name__.lstrip("_") for operation in OPERATIONS].index(name)
        for name in ("posterize", "solarize", "identity")
    )
    operation = np.array([[posterize, solarize], [solarize, posterize], [identity, identity]])
    magnitude = np.array([[4, 0.5], [0.5, 4], [0, 0]])
    done = randaugment(torch.full((3, 2, 2, 3), 200, dtype=torch.uint8), operation, magnitude)
    assert done[:, 0, 0, 0].tolist() == [63, 48, 200]


def test_no_operations_leave_the_images():
    images = torch.from_numpy(random_images(8, 8, 3))
    aug_params = draw_operations(np.random.default_rng(0), len(images), 0)
    assert_close(randaugment(images, **aug_params), images, rtol=0, atol=0)


def test_operations_and_magnitudes_are_drawn_uniformly():
    """28,000 draws: each operation 2,000 ± 5 standard deviations (43); magnitudes fill their range evenly."""
    aug_params = draw_operations(np.random.default_rng(0), 14_000, 2)
    operation, magnitude = aug_params["operation"], aug_params["magnitude"]
    assert operation.shape == magnitude.shape == (14_000, 2)
    assert np.abs(np.bincount(operation.ravel(), minlength=len(OPERATIONS)) - 2000).max() < 5 * 43
    assert np.mean(operation[:, 0] == operation[:, 1]) == pytest.approx(1 / 14, abs=0.01)  # with replacement
    for index, choice in enumerate(OPERATIONS):
        values = magnitude[operation == index]
        assert choice.low <= values.min() <= values.max() <= choice.high
        quarters = np.histogram(values, 4, (choice.low, choice.high))[0] if choice.low < choice.high else [500]
        assert np.min(quarters) > 400  # 500 ± 5 standard deviations (19)


def test_posterize_keeps_four_to_eight_bits_equally_often():
    aug_params = draw_operations(np.random.default_rng(0), 14_000, 1)
    index = [operation.apply.__name__.lstrip("_") for operation in OPERATIONS].index("posterize")
    bits, counts = np.unique(aug_params["magnitude"][aug_params["operation"] == index].astype(int), return_counts=True)
    assert bits.tolist() == [4, 5, 6, 7, 8]
    assert counts.min() > 0.8 * counts.mean()
