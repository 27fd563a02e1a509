"""Views by a transform of the user's."""

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from semisup.config.resolve import complete
from semisup.core.errors import SemisupError
from semisup.data.transforms import ImageViews

IMAGES = torch.arange(4 * 6 * 6 * 3, dtype=torch.uint8).view(4, 6, 6, 3)


def brighten(batch):
    """A callable of a batch, with one random number for all of it."""
    return (batch / 255 + torch.rand(())).clamp(0, 1)


def crop(batch):
    return batch[..., 1:]


def views(**transforms):
    return ImageViews((3, 6, 6), [0, 0, 0], [1, 1, 1], padding=1, **transforms)


def test_a_transform_of_torchvision_is_drawn_for_each_image_from_its_seed_alone():
    """A flip with probability 1/2: each image is itself or its mirror image, and alone it is as it was in the batch."""
    made = views(weak=v2.RandomHorizontalFlip())
    aug_params = made.draw_aug_params("weak", np.random.default_rng(3), 4)
    assert list(aug_params) == ["seed"]
    before = torch.get_rng_state()
    view = made.apply("weak", IMAGES, aug_params)
    assert torch.equal(torch.get_rng_state(), before)
    plain = made.apply("plain", IMAGES, {})
    flipped = [torch.equal(v, p.flip(-1)) for v, p in zip(view, plain, strict=True)]
    assert [torch.equal(v, p) for v, p in zip(view, plain, strict=True)] == [not f for f in flipped]
    assert {True, False} == set(flipped)
    for i in range(4):
        alone = made.apply("weak", IMAGES[i : i + 1], {"seed": aug_params["seed"][i : i + 1]})
        assert torch.equal(alone[0], view[i])


def test_a_callable_takes_the_batch_once_and_may_return_floats():
    made = views(strong=brighten)
    aug_params = made.draw_aug_params("strong_2", np.random.default_rng(0), 4)
    one, same = (made.apply("strong_2", IMAGES, aug_params) for _ in range(2))
    assert torch.equal(one, same)
    torch.manual_seed(int(aug_params["seed"][0]))
    expected = (IMAGES.permute(0, 3, 1, 2) / 255 + torch.rand(())).clamp(0, 1)
    torch.testing.assert_close(one, expected)
    assert "operation" not in aug_params
    assert "flip" in made.draw_aug_params("weak", np.random.default_rng(0), 4)


def test_a_view_of_another_shape_is_one_sentence():
    made = views(strong=crop)
    with pytest.raises(SemisupError, match=r"^data\.strong returns \(4, 3, 6, 5\) for images \(4, 3, 6, 6\); a view"):
        made.apply("strong", IMAGES, made.draw_aug_params("strong", np.random.default_rng(0), 4))


def test_a_run_trains_on_transforms_from_its_config(run):
    strong = (
        "data.strong={_target_:torchvision.transforms.v2.Compose,transforms:["
        "{_target_:torchvision.transforms.v2.RandomRotation,degrees:10},"
        "{_target_:torchvision.transforms.v2.RandomErasing,p:1.0}]}"
    )
    result = run("method=fixmatch", strong, "data.weak={_target_:torchvision.transforms.v2.Identity}")
    assert 0 <= result["test"]["accuracy"] <= 1


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("{_target_:torchvision.transforms.v2.RandAugmnt}", r"^data\.strong\._target_=.*did you mean 'RandAugment'"),
        ("{_target_:torchvision.transforms.v2.RandomRotation}", r"^data\.strong: .*RandomRotation does not take these"),
        ("{degrees:3}", r"^data\.strong needs a _target_, such as"),
    ],
)
def test_a_transform_that_cannot_be_built_is_one_sentence(config, option, said):
    with pytest.raises(SemisupError, match=said):
        complete(config(f"data.strong={option}"))


def test_transforms_of_images_are_refused_for_rows(config, run):
    with pytest.raises(SemisupError, match=r"^data\.weak and data\.strong make views of images, and the network takes"):
        run("data=wine", "data.weak={_target_:torchvision.transforms.v2.Identity}")
