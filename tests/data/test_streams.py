"""Batches as functions of the step."""

import numpy as np
import pytest
import torch

from semisup.data.streams import Stream
from semisup.data.transforms import ImageViews

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)


def stream(size: int = 8, seed: int = 0, name: str = "unlabeled", index: np.ndarray | None = None) -> Stream:
    views = ImageViews((3, 8, 8), (0.5,) * 3, (0.5,) * 3, padding=2)
    index = np.arange(5, 35) if index is None else index
    columns = {"label": np.arange(40) * 10}
    return Stream(name, IMAGES, index, columns, views, ("weak", "strong"), size, seed)


def same(a: dict, b: dict) -> bool:
    return all(
        torch.equal(a[k], b[k])
        if isinstance(a[k], torch.Tensor)
        else all(np.array_equal(a[k][v][p], b[k][v][p]) for v in a[k] for p in a[k][v])
        for k in a
    )


def test_a_batch_depends_on_seed_stream_and_step_and_on_nothing_that_came_before():
    straight = stream()
    for step in range(9):
        straight.batch(step)
    assert same(straight.batch(9), stream().batch(9))
    for other in (stream(seed=1), stream(name="labeled")):
        assert not torch.equal(other.batch(9)["index"], stream().batch(9)["index"])
    assert not np.array_equal(
        stream().batch(9)["aug_params"]["weak"]["top"], stream().batch(10)["aug_params"]["weak"]["top"]
    )


def test_each_pass_shows_each_image_once_in_an_order_of_its_own():
    """30 images in batches of 8: 15 batches are 4 passes; batches span the borders between them."""
    index = np.concatenate([stream().indices(step) for step in range(15)]).reshape(4, 30)
    for one in index:
        assert sorted(one) == list(range(5, 35))
    assert not np.array_equal(index[0], index[1])


def test_fewer_images_than_a_batch_are_repeated():
    assert sorted(stream(index=np.array([3, 7, 9])).indices(0).tolist()).count(3) in (2, 3)


def test_rows_belong_together():
    batch = stream().batch(4)
    assert torch.equal(batch["label"], batch["index"] * 10)
    assert np.array_equal(batch["inputs"].numpy(), IMAGES[batch["index"].numpy()])


@pytest.mark.parametrize("processes", [2, 4])
def test_several_processes_share_the_batch_that_one_would_see(processes):
    complete = stream().batch(3)
    shares = [stream().batch(3, rank, processes) for rank in range(processes)]
    assert torch.equal(torch.cat([s["index"] for s in shares]), complete["index"])
    for view in ("weak", "strong"):
        for key, drawn in complete["aug_params"][view].items():
            assert np.array_equal(np.concatenate([s["aug_params"][view][key] for s in shares]), drawn)
