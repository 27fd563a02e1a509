"""Views of cached features: which one is taken, and that a data module of features uses them."""

from dataclasses import replace

import numpy as np
import torch

from semisup.data import SSLDataModule
from semisup.data.device_cache import device_cache
from semisup.data.transforms import CachedViews
from semisup.methods import DeFixMatch, FixMatch
from semisup.models.backbones import Linear
from tests.toy import toy

# Two images with 5 views of 2 features: 10 · image + view, and its negative.
INPUTS = torch.tensor([[[10 * i + v, -10 * i - v] for v in range(5)] for i in range(2)], dtype=torch.float16)


def test_each_image_gets_the_view_that_was_drawn_for_it():
    views = CachedViews(2)
    assert views.apply("plain", INPUTS, {}).tolist() == [[0, 0], [10, -10]]
    drawn = {"number": np.array([4, 1])}
    assert views.apply("strong", INPUTS, drawn).tolist() == [[4, -4], [11, -11]]
    assert views.apply("weak", INPUTS, drawn).dtype == torch.float32


def test_weak_and_strong_views_are_drawn_from_their_own():
    """Of 5 views, 1 and 2 are weak, 3 and 4 strong; all of them occur."""
    views, rng = CachedViews(2), np.random.default_rng(0)
    assert set(views.draw_aug_params("weak_2", rng, 50)["number"]) == {1, 2}
    assert set(views.draw_aug_params("strong", rng, 50)["number"]) == {3, 4}
    assert set(views.draw_aug_params("medium", rng, 50)["number"]) == {1, 2, 3, 4}
    assert views.draw_aug_params("plain", rng, 50) == {}


def test_without_further_views_the_plain_one_takes_their_place():
    views = CachedViews(0)
    assert views.draw_aug_params("strong", np.random.default_rng(0), 3) == {}
    assert views.apply("strong", INPUTS[:, :1], {}).tolist() == [[0, 0], [10, -10]]


def test_a_data_module_of_features_gives_a_method_the_views_it_names(tmp_path):
    """Feature 0 of each view is 10 · view: a weak view has 10 or 20, a strong one 30 or 40, an evaluated one 0."""
    store = toy(tmp_path)
    features = np.zeros((len(store.images), 5, 3), np.float16)
    features[:, :, 0] = 10 * np.arange(5)
    tests = np.zeros((len(store.test_images), 1, 3), np.float16)
    data = SSLDataModule(replace(store, images=features, test_images=tests), labels=30, validation=6, batch_size=8)
    assert data.store.shape == (3,)
    streams = data.streams(FixMatch(Linear((3,), 3)))
    batch = data.on_after_batch_transfer({name: stream.batch(0) for name, stream in streams.items()}, 0)
    assert set(batch["labeled"].image[:, 0].tolist()) == {10, 20}
    assert set(batch["unlabeled"].weak[:, 0].tolist()) == {10, 20}
    assert set(batch["unlabeled"].strong[:, 0].tolist()) == {30, 40}
    streams = data.streams(DeFixMatch(Linear((3,), 3)))
    labeled = data.on_after_batch_transfer({name: stream.batch(0) for name, stream in streams.items()}, 0)["labeled"]
    assert torch.equal(labeled.image, batch["labeled"].image)  # a further view does not change the first
    assert set(labeled.strong[:, 0].tolist()) == {30, 40}
    evaluated = data.on_after_batch_transfer(next(iter(data.val_dataloader())), 0)
    assert set(evaluated.image[:, 0].tolist()) == {0}


def test_gathering_the_drawn_views_alone_changes_nothing(tmp_path):
    """The device cache holds all views of an image, and a batch from it has the same ones, bit for bit."""
    store = toy(tmp_path)
    features = np.random.default_rng(0).normal(size=(len(store.images), 5, 3)).astype(np.float16)
    batches = []
    for cached in (False, True):
        data = SSLDataModule(replace(store, images=features), labels=30, batch_size=8, device_cache=cached)
        streams = data.streams(DeFixMatch(Linear((3,), 3)))
        device_cache(features, torch.device("cpu"), cached)
        moved = {name: stream.batch(5, gather=not cached) for name, stream in streams.items()}
        batches.append(data.on_after_batch_transfer(data.transfer_batch_to_device(moved, torch.device("cpu"), 0), 0))
    for name in ("labeled", "unlabeled"):
        alone, from_all = batches[0][name], batches[1][name]
        assert set(alone) == set(from_all)
        assert all(torch.equal(alone[key], from_all[key]) for key in alone)
