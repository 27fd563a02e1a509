"""Views against a slow reference, and what streams and networks rely on."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.testing import assert_close

from semisup.core.errors import SemisupError
from semisup.data.transforms import AugParams, ImageViews, TableViews, view_kind
from semisup.data.transforms.geometry import cut_out
from semisup.data.transforms.randaugment import GRAY

SHAPES = [(3, 32, 32), (1, 28, 28), (3, 12, 20), (1, 9, 7)]
VIEWS = ["plain", "weak", "strong", "weak_2", "strong_3"]
TURNED = {"rotation": 30.0, "zoom": 0.4}


def image_views(shape: tuple[int, int, int], **options) -> ImageViews:
    return ImageViews(shape, (0.4, 0.5, 0.6)[: shape[0]], (0.2, 0.25, 0.3)[: shape[0]], **options)


def random_images(shape: tuple[int, int, int], count: int = 40) -> torch.Tensor:
    channels, height, width = shape
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(0, 256, (count, height, width, channels), np.uint8))


def to_levels(views: ImageViews, seen: torch.Tensor) -> torch.Tensor:
    """The (B, H, W, C) values from 0 to 255 that a view was normalized from."""
    return ((seen.permute(0, 2, 3, 1) - torch.from_numpy(views.shift)) / torch.from_numpy(views.scale)).round().byte()


@pytest.mark.parametrize("options", [{}, TURNED])
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("shape", SHAPES)
def test_form_of_a_view(shape, view, options):
    views, images = image_views(shape, **options), random_images(shape)
    before = images.clone()
    seen = views.apply(view, images, views.draw_aug_params(view, np.random.default_rng(1), len(images)))
    assert (seen.shape, seen.dtype) == ((40, *shape), torch.float32)
    assert seen.is_contiguous(memory_format=torch.channels_last)
    levels = seen.permute(0, 2, 3, 1) * torch.tensor([0.2, 0.25, 0.3][: shape[0]])
    levels += torch.tensor([0.4, 0.5, 0.6][: shape[0]])
    assert -1e-5 < levels.min() < 0.1
    assert 0.9 < levels.max() < 1 + 1e-5
    assert_close(images, before, rtol=0, atol=0)


def test_plain_view_by_hand():
    """Values 0, 102 and 255 with mean .4 and std .2: (0 - .4) / .2 = -2, (.4 - .4) / .2 = 0, (1 - .4) / .2 = 3."""
    views = ImageViews((1, 1, 3), [0.4], [0.2], padding=0)
    images = torch.tensor([0, 102, 255], dtype=torch.uint8).view(1, 1, 3, 1)
    assert_close(views.apply("plain", images, {}).flatten(), torch.tensor([-2.0, 0.0, 3.0]), atol=1e-6, rtol=0)


def slow_weak(image: NDArray[np.uint8], padding: int, flip: bool, top: int, left: int) -> NDArray[np.uint8]:
    if flip:
        image = image[:, ::-1]
    padded = np.pad(image, [(padding, padding), (padding, padding), (0, 0)], mode="reflect")
    return padded[top : top + image.shape[0], left : left + image.shape[1]]


@pytest.mark.parametrize("padding", [0, 1, 4, 6])
@pytest.mark.parametrize("shape", SHAPES)
def test_weak_view_flips_then_pads_by_reflection_then_crops(shape, padding):
    views, images = image_views(shape, padding=padding), random_images(shape)
    aug_params = views.draw_aug_params("weak", np.random.default_rng(2), len(images))
    rows = zip(images.numpy(), aug_params["flip"], aug_params["top"], aug_params["left"], strict=True)
    expected = np.stack([slow_weak(image, padding, *drawn) for image, *drawn in rows])
    assert_close(to_levels(views, views.apply("weak", images, aug_params)), torch.from_numpy(expected), rtol=0, atol=0)


def test_flips_in_both_directions_come_before_the_crop():
    """As of the image that was turned upside down, whatever the other parameters are; half of the images are."""
    views, images = image_views((3, 7, 5), padding=2, flip="both"), random_images((3, 7, 5))
    aug_params = views.draw_aug_params("weak", np.random.default_rng(2), len(images))
    over = torch.from_numpy(aug_params.pop("upside_down"))
    turned = torch.where(over[:, None, None, None], images.flip(1), images)
    seen = views.apply("weak", images, {**aug_params, "upside_down": over.numpy()})
    assert_close(seen, views.apply("weak", turned, aug_params), rtol=0, atol=0)
    drawn = views.draw_aug_params("strong", np.random.default_rng(0), 9000)["upside_down"]
    assert abs(drawn.mean() - 0.5) < 0.03


def test_weak_parameters_are_uniform():
    """9,000 draws: half of them flipped, each of 9 offsets 1,000 times ± 5 standard deviations (30)."""
    aug_params = image_views((3, 32, 32)).draw_aug_params("weak", np.random.default_rng(0), 9000)
    assert abs(aug_params["flip"].mean() - 0.5) < 0.03
    for side in ("top", "left"):
        assert np.abs(np.bincount(aug_params[side], minlength=9) - 1000).max() < 150
    assert (
        not image_views((3, 32, 32), flip=False).draw_aug_params("weak", np.random.default_rng(0), 9000)["flip"].any()
    )


def sliced(aug_params: AugParams, share: slice) -> AugParams:
    return {key: value[share] for key, value in aug_params.items()}


@pytest.mark.parametrize("options", [{}, TURNED])
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_share_of_a_batch_is_seen_as_in_the_complete_batch(shape, view, options):
    """Bit for bit; also in shares of 1 and of 0 images."""
    views, images = image_views(shape, **options), random_images(shape)
    aug_params = views.draw_aug_params(view, np.random.default_rng(3), len(images))
    shares = [slice(0, 1), slice(1, 14), slice(14, 14), slice(14, 40)]
    parts = [views.apply(view, images[share], sliced(aug_params, share)) for share in shares]
    assert torch.equal(torch.cat(parts), views.apply(view, images, aug_params))


@pytest.mark.parametrize("view", VIEWS)
def test_the_same_generator_draws_the_same_views(view):
    for views in (image_views((3, 32, 32)), image_views((3, 32, 32), **TURNED), TableViews([0.0, 1.0], [1.0, 2.0])):
        first, again = (views.draw_aug_params(view, np.random.default_rng(4), 16) for _ in range(2))
        assert first.keys() == again.keys()
        assert all(np.array_equal(first[key], again[key]) for key in first)
        assert all(len(value) == 16 for value in first.values())


@pytest.mark.parametrize("shape", SHAPES)
def test_cutout_is_a_square_of_at_most_half_the_shorter_side(shape):
    channels, height, width = shape
    square = image_views(shape).draw_aug_params("strong", np.random.default_rng(5), 4000)["square"]
    black = torch.zeros(4000, height, width, channels, dtype=torch.uint8)
    cut = cut_out(black, square)
    assert set(cut.unique().tolist()) == {0, GRAY}
    area = (cut[..., 0] == GRAY).sum((1, 2))
    longest = -(-min(height, width) // 2)
    assert area.min() == 0
    assert 0.7 * longest**2 < area.max() <= longest**2
    # The mean area of a square, side uniform in [0, s], is s² / 3; a part of it is outside of the image.
    area_drawn = (square[:, 1] - square[:, 0]) * (square[:, 3] - square[:, 2])
    assert area_drawn.mean() == pytest.approx((min(height, width) / 2) ** 2 / 3, rel=0.08)
    assert (cut == GRAY).all(0).sum() == 0
    assert (cut == GRAY).any(0).all()  # each pixel is cut at some time


def test_strong_without_operations_and_cutout_is_weak():
    views = image_views((3, 32, 32), operations=0, cutout=0.0)
    images = random_images((3, 32, 32))
    aug_params = views.draw_aug_params("strong", np.random.default_rng(6), len(images))
    assert torch.equal(views.apply("strong", images, aug_params), views.apply("weak", images, aug_params))


def test_medium_has_half_of_the_operations_rounded_up_and_no_cutout():
    views = image_views((3, 32, 32), operations=3, cutout=1.0)
    images = random_images((3, 32, 32))
    medium = views.draw_aug_params("medium", np.random.default_rng(6), len(images))
    assert medium["operation"].shape == (len(images), 2)
    strong = {**medium, "square": np.zeros((len(images), 4), np.int64)}
    assert torch.equal(views.apply("medium", images, medium), views.apply("strong", images, strong))


@pytest.mark.parametrize("view", ["weakly", "strong_", "strong_x", "Plain", "", "weak_2_3"])
def test_an_unknown_view_is_refused(view):
    with pytest.raises(SemisupError, match="there is no view"):
        view_kind(view)


@pytest.mark.parametrize(
    ("shape", "options", "sentence"),
    [
        ((4, 32, 32), {}, "images need 1 channel (gray) or 3"),
        ((3, 4, 32), {"padding": 4}, "padding=4 must be smaller than the images, 4 x 32"),
        ((3, 32, 32), {"padding": -1}, "padding=-1 is not valid: it is a whole number of at least 0"),
        ((3, 32, 32), {"operations": -1}, "operations=-1 is not valid"),
        ((3, 32, 32), {"cutout": 16}, "ImageViews: cutout=16 is not valid: it is a number from 0 to 1."),
        ((3, 32, 32), {"rotation": -1}, "rotation=-1 is not valid"),
        ((3, 32, 32), {"rotation": 181}, "rotation=181 is not valid: it is a number from 0 to 180."),
        ((3, 32, 32), {"rotation": float("nan")}, "rotation=nan is not valid"),
        ((3, 32, 32), {"zoom": -0.1}, "zoom=-0.1 is not valid"),
        ((3, 32, 32), {"zoom": 1}, "zoom=1 is not valid"),
    ],
)
def test_impossible_options_are_refused(shape, options, sentence):
    with pytest.raises(SemisupError, match=re.escape(sentence)):
        ImageViews(shape, [0.5] * shape[0], [0.5] * shape[0], **options)


@pytest.mark.parametrize("options", [{}, TURNED])
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_in_a_view_depends_on_values_on_the_device(view, options):
    """Tensors on the device 'meta' have a form and no values, so that code which asks for one fails."""
    views, images = image_views((3, 32, 32), **options), random_images((3, 32, 32)).to("meta")
    seen = views.apply(view, images, views.draw_aug_params(view, np.random.default_rng(7), len(images)))
    assert seen.shape == (40, 3, 32, 32)
    table = TableViews([0.0, 1.0], [1.0, 2.0])
    table.apply(view, torch.empty(8, 2, device="meta"), table.draw_aug_params(view, np.random.default_rng(7), 8))


@pytest.fixture
def no_waiting() -> Iterator[None]:
    torch.cuda.set_sync_debug_mode("error")
    yield
    torch.cuda.set_sync_debug_mode("default")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("view", VIEWS)
def test_on_cuda_a_view_is_the_same_and_waits_for_nothing(view, no_waiting):
    views, images = image_views((3, 32, 32)), random_images((3, 32, 32))
    aug_params = views.draw_aug_params(view, np.random.default_rng(8), len(images))
    seen = views.apply(view, images.to("cuda", non_blocking=True), aug_params)
    torch.cuda.set_sync_debug_mode("default")
    assert torch.equal(seen.cpu(), views.apply(view, images, aug_params))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_a_turned_view_is_the_same_up_to_one_level_and_waits_for_nothing(no_waiting):
    views, images = image_views((3, 32, 32), **TURNED), random_images((3, 32, 32))
    aug_params = views.draw_aug_params("weak", np.random.default_rng(8), len(images))
    seen = views.apply("weak", images.to("cuda", non_blocking=True), aug_params)
    torch.cuda.set_sync_debug_mode("default")
    difference = to_levels(views, seen.cpu()).int() - to_levels(views, views.apply("weak", images, aug_params)).int()
    assert difference.abs().max() <= 1
    assert (difference != 0).float().mean() < 1e-3
