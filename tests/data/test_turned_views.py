"""The weak view's rotation and zoom: by hand, and against torchvision, one image at a time."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import affine

from semisup.data.streams import Stream
from semisup.data.transforms import AugParams, ImageViews
from semisup.data.transforms.geometry import flip_and_crop, flip_turn_and_crop
from semisup.data.transforms.randaugment import draw_operations

SHAPES = [(28, 28, 1), (32, 32, 3), (12, 20, 3), (9, 7, 1), (1, 6, 1), (1, 1, 3)]


def random_images(shape: tuple[int, int, int], count: int = 40) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8))


def turned(images: torch.Tensor, angle: float = 0.0, factor: float = 1.0) -> torch.Tensor:
    """Every image turned and magnified alike, neither flipped nor shifted."""
    count = len(images)
    still = (np.zeros(count, bool), np.zeros(count, np.int64), np.zeros(count, np.int64), 0)
    return flip_turn_and_crop(images, *still, np.full(count, angle), np.full(count, factor))


@pytest.mark.parametrize("shape", SHAPES)
def test_by_no_angle_and_no_factor_only_flip_and_crop_are_left(shape):
    images = random_images(shape)
    assert torch.equal(turned(images), images)
    padding = min(3, min(shape[:2]) - 1)
    rng = np.random.default_rng(1)
    places = (rng.random(40) < 0.5, *rng.integers(0, 2 * padding + 1, (2, 40)), padding)
    seen = flip_turn_and_crop(images, *places, np.zeros(40), np.ones(40))
    assert torch.equal(seen, flip_and_crop(images, *places))


@pytest.mark.parametrize("quarters", [-1, 1, 2, 3])
@pytest.mark.parametrize("size", [8, 9])
def test_quarter_turns_are_exact_and_counter_clockwise(size, quarters):
    images = random_images((size, size, 3))
    assert torch.equal(turned(images, angle=90 * quarters), images.rot90(quarters, (1, 2)))


@pytest.mark.parametrize(
    ("factor", "places", "expected"),
    [
        (2.0, "1, 1.5, 2, 2.5, 3", [10, 15, 20, 30, 40]),
        (0.5, "-2, 0, 2, 4, 6, of which the ends are mirrored to 2", [20, 0, 20, 80, 20]),
        (0.25, "-6, -2, 2, 6, 10, mirrored at both ends: 2, 2, 2, 2, 2", [20, 20, 20, 20, 20]),
    ],
)
def test_zoom_by_hand(factor, places, expected):
    """Five pixels 0, 10, 20, 40, 80 at the places 0 to 4, about the center 2: pixel x shows 2 + (x - 2) / factor."""
    row = torch.tensor([0, 10, 20, 40, 80], dtype=torch.uint8)
    assert turned(row.view(1, 1, 5, 1), factor=factor).flatten().tolist() == expected, places
    assert turned(row.view(1, 5, 1, 1), factor=factor).flatten().tolist() == expected, places


@pytest.mark.parametrize("shape", SHAPES[:4])
def test_inside_of_the_image_a_view_is_torchvisions_up_to_one_level(shape):
    """Flip, turn and zoom about the center, then the shift; torchvision counts angles clockwise."""
    views = ImageViews((shape[2], *shape[:2]), [0.5] * shape[2], [0.5] * shape[2], padding=3, rotation=30, zoom=0.3)
    images = random_images(shape)
    aug_params = views.draw_aug_params("weak", np.random.default_rng(2), len(images))
    seen = flip_turn_and_crop(
        images, aug_params["flip"], aug_params["top"], aug_params["left"], 3, aug_params["angle"], aug_params["factor"]
    )
    compared = 0
    for image, view, flip, top, left, angle, factor in zip(
        images.permute(0, 3, 1, 2), seen.permute(0, 3, 1, 2), *aug_params.values(), strict=True
    ):
        # A second image, white, says which pixels come from inside.
        both = torch.stack([image.flip(2) if flip else image, torch.full_like(image, 255)]).float()
        shift = [3 - left, 3 - top]
        expected, white = affine(both, -angle, shift, factor, [0.0, 0.0], InterpolationMode.BILINEAR)
        inside = white > 254.9
        assert_close(view.float()[inside], expected[inside], atol=0.51, rtol=0)
        compared += int(inside.sum())
    assert compared > images.numel() / 3


def test_a_turned_view_may_be_flipped_in_both_directions():
    images = random_images((9, 6, 3))
    rng = np.random.default_rng(1)
    flip, over = rng.random((2, len(images))) < 0.5
    top, left = rng.integers(0, 5, (2, len(images)))
    turn = (rng.uniform(-20, 20, len(images)), rng.uniform(0.9, 1.1, len(images)))
    turned = torch.where(torch.from_numpy(over)[:, None, None, None], images.flip(1), images)
    seen = flip_turn_and_crop(images, flip, top, left, 2, *turn, over)
    difference = seen.int() - flip_turn_and_crop(turned, flip, top, left, 2, *turn).int()
    assert difference.abs().max() <= 1  # the same place, computed otherwise


def test_the_view_of_a_batch_is_what_its_parameters_say():
    """Strong begins with the same turn as weak, and the plain view has none."""
    views = ImageViews((3, 32, 32), [0.0] * 3, [1 / 255] * 3, operations=0, cutout=0.0, rotation=10, zoom=0.1)
    images = random_images((32, 32, 3))
    aug_params = views.draw_aug_params("strong", np.random.default_rng(3), 40)
    places = (aug_params["flip"], aug_params["top"], aug_params["left"], 4, aug_params["angle"], aug_params["factor"])
    expected = flip_turn_and_crop(images, *places).permute(0, 3, 1, 2).float()
    assert_close(views.apply("strong", images, aug_params), expected)
    assert_close(views.apply("weak_2", images, aug_params), expected)
    assert views.draw_aug_params("plain", np.random.default_rng(3), 40) == {}


def test_angles_and_factors_are_uniform_and_drawn_last():
    """9,000 draws in [-20, 20] and [.7, 1.3]: means 0 ± 5 · 11.5 / sqrt(9000) and 1 ± 5 · .173 / sqrt(9000)."""
    options = {"rotation": 20, "zoom": 0.3}
    for view in ("weak", "strong"):
        plain, more = (
            ImageViews((1, 28, 28), [0.5], [0.5], **o).draw_aug_params(view, np.random.default_rng(4), 9000)
            for o in ({}, options)
        )
        assert [*more] == [*plain, "angle", "factor"]
        assert all(np.array_equal(plain[key], more[key]) for key in plain)
        assert 19.9 < np.abs(more["angle"]).max() <= 20
        assert abs(more["angle"].mean()) < 0.61
        assert 0.7 <= more["factor"].min() < 0.701 < 1.299 < more["factor"].max() <= 1.3
        assert abs(more["factor"].mean() - 1) < 0.0092
    one = ImageViews((1, 28, 28), [0.5], [0.5], rotation=20).draw_aug_params("weak", np.random.default_rng(4), 9)
    assert (one["factor"] == 1).all()


def test_without_rotation_and_zoom_nothing_more_is_drawn_than_ever_was():
    """The parameters, drawn here by hand in their order; the generators then go on alike."""
    views, rng, again = ImageViews((1, 28, 20), [0.5], [0.5]), np.random.default_rng(5), np.random.default_rng(5)
    expected: AugParams = {"flip": again.random(16) < 0.5}
    expected["top"], expected["left"] = again.integers(0, 9, (2, 16))
    expected |= draw_operations(again, 16, 2)
    half, center = again.random(16) * 0.5 * 20 / 2, again.random((2, 16)) * [[28], [20]]
    edges = [center[0] - half, center[0] + half, center[1] - half, center[1] + half]
    expected["square"] = np.ceil(np.stack(edges, 1) - 0.5).astype(np.int64)
    aug_params = views.draw_aug_params("strong", rng, 16)
    assert [*aug_params] == [*expected]
    assert all(np.array_equal(aug_params[key], expected[key]) for key in aug_params)
    assert rng.random() == again.random()


def test_two_processes_see_the_rows_that_one_would_see():
    views = ImageViews((1, 28, 28), [0.5], [0.5], rotation=10, zoom=0.1)
    stream = Stream("labeled", random_images((28, 28, 1)).numpy(), np.arange(40), {}, views, ("weak", "strong"), 16, 0)
    complete, *shares = (stream.batch(3, *share) for share in ((0, 1), (0, 2), (1, 2)))
    for view in ("weak", "strong"):
        parts = [views.apply(view, share["inputs"], share["aug_params"][view]) for share in shares]
        assert torch.equal(torch.cat(parts), views.apply(view, complete["inputs"], complete["aug_params"][view]))
