"""Features of a few views of each image: a function of seed, view and image, written once, resumed after a stop."""

import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from semisup.core.errors import SemisupError
from semisup.data import Store
from semisup.data.transforms import ImageViews
from semisup.embeddings.cached_views import view_names
from semisup.embeddings.network import NetworkEmbedding, PreparedNetwork
from semisup.embeddings.plain import plain_views
from tests.embeddings.counted import Counted

OPTIONS = {"flip": True, "padding": 2, "operations": 1}


class Embedding(NetworkEmbedding):
    """Embeds by a network that counts its images."""

    def __init__(self, network: Counted, **base: object) -> None:
        super().__init__(**base)
        self.network = network

    def _prepare(self, store: Store, **view_options: object) -> PreparedNetwork:
        views = plain_views(store, **view_options)
        return PreparedNetwork(self.network, views, "features of Counted", store.mean, store.std)


def embed(store: Store, folder: Path, network: Counted | None = None, **options: object) -> Store:
    network = network or Counted(store.shape, 3)
    return Embedding(network, **{"batch_size": 50, **options}).embed_views(store, folder, OPTIONS)


def test_each_view_is_that_of_its_seed_name_and_image(store, folder):
    """Image 57's second strong view, made alone: the fifth of its views."""
    embedded = embed(store, folder, views_seed=3)
    assert embedded.images.shape == (120, 5, 5)
    assert embedded.images.dtype == np.float16
    assert embedded.test_images.shape == (30, 1, 5)
    assert view_names(2) == ("plain", "weak_1", "weak_2", "strong_1", "strong_2")
    network, views = Counted(store.shape, 3).eval(), ImageViews(store.shape, store.mean, store.std, **OPTIONS)
    drawn = views.draw_aug_params("strong_2", np.random.default_rng([3, zlib.crc32(b"strong_2"), 57]), 1)
    with torch.no_grad():
        alone = network.features(views.apply("strong_2", torch.tensor(store.images[57:58]), drawn))
        plain = network.features(views.apply("plain", torch.tensor(store.test_images[:]), {}))
    assert_allclose(embedded.images[57, 4], alone[0].numpy(), atol=2e-3)
    assert_allclose(embedded.test_images[:, 0], plain.numpy(), atol=2e-3)


def test_the_size_of_a_batch_changes_no_view(store, folder, tmp_path):
    one, other = embed(store, folder, batch_size=7), embed(store, tmp_path / "other", batch_size=120)
    assert_allclose(one.images, other.images, atol=2e-3)


def test_features_are_computed_once_and_again_for_another_seed_or_view(store, folder):
    network = Counted(store.shape, 3)
    embed(store, folder, network)
    assert network.images == 120 * 5 + 30
    embed(store, folder, network)
    assert network.images == 120 * 5 + 30
    embed(store, folder, network, views_seed=1)
    assert network.images == 2 * (120 * 5 + 30)


def test_a_stopped_program_continues_with_the_missing_blocks(store, folder, tmp_path):
    """Of blocks of 50 images, the first is complete when the network is stopped in the second one."""
    network = Counted(store.shape, 3)
    network.fails_after = 50 * 5 + 60
    with pytest.raises(KeyboardInterrupt):
        embed(store, folder, network)
    assert not list(folder.glob("[!.]*"))
    network.fails_after, network.images = None, 0
    resumed = embed(store, folder, network)
    assert network.images == 70 * 5 + 30
    assert_array_equal(resumed.images, embed(store, tmp_path / "other").images)
    assert [file.name[0] for file in folder.iterdir()] != ["."], "nothing is left beside the folder"
    assert not list(folder.glob(".*"))


def test_a_damaged_block_is_computed_again(store, folder, tmp_path):
    network = Counted(store.shape, 3)
    network.fails_after = 50 * 5 + 60
    with pytest.raises(KeyboardInterrupt):
        embed(store, folder, network)
    (block,) = folder.glob(".*/images-0-50.npy")
    network.fails_after, network.images = None, 0
    content = bytearray(block.read_bytes())
    content[700] ^= 1
    block.write_bytes(content)
    resumed = embed(store, folder, network)
    assert network.images == 120 * 5 + 30
    assert_array_equal(resumed.images, embed(store, tmp_path / "other").images)


@pytest.mark.parametrize("name", ["images", "test_images"])
def test_no_flipped_byte_of_cached_views_is_read(name, store, folder, flipped):
    embed(store, folder)
    (file,) = folder.glob(f"*/{name}.npy")
    for position in np.random.default_rng(0).choice(file.stat().st_size - 48, 15, replace=False).tolist():
        with flipped(file, position), pytest.raises(SemisupError, match=r"images\.npy is damaged: .*; delete /"):
            embed(store, folder)
    embed(store, folder)


def test_the_classes_and_the_split_stay_those_of_the_images(store, folder):
    embedded = embed(store, folder)
    assert_array_equal(embedded.targets, store.targets)
    assert embedded.fingerprint == store.fingerprint
    assert embedded.is_embedded


def test_a_feature_that_is_not_finite_is_one_sentence(store, folder):
    network = Counted(store.shape, 3)
    network.value = 1e6
    with pytest.raises(SemisupError, match=r"the features of image 0 of toy are not finite, or above 65,504"):
        embed(store, folder, network)


def test_a_damaged_file_is_one_sentence_with_its_name(store, folder):
    embed(store, folder)
    (file,) = folder.glob("*/images.npy")
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(SemisupError, match=r"images\.npy is damaged .*; delete "):
        embed(store, folder)


def test_whitening_is_refused(store, folder):
    with pytest.raises(SemisupError, match=r"embedding\.whiten has no effect on a backbone that takes an embedding"):
        embed(store, folder, whiten=True)


@pytest.mark.parametrize(("mirror", "axes"), [(True, [(), (3,)]), ("both", [(), (3,), (2,), (2, 3)])])
def test_the_plain_view_alone_is_averaged_over_mirror_images(mirror, axes, store, folder):
    mirrored, single = embed(store, folder, mirror=mirror), embed(store, folder)
    network, plain = Counted(store.shape, 3).eval(), plain_views(store).apply("plain", torch.tensor(store.images), {})
    with torch.no_grad():
        mean = sum(network.features(plain.flip(dims)) for dims in axes) / len(axes)
    assert_allclose(mirrored.images[:, 0], mean.numpy(), atol=2e-3)
    assert np.abs(mirrored.images[:, 0] - single.images[:, 0]).max() > 0.005
    assert_array_equal(mirrored.images[:, 1:], single.images[:, 1:])


def test_the_network_for_new_images_averages_as_the_cached_features_do(store, folder):
    embedding = Embedding(Counted(store.shape, 3), mirror=True)
    network, views, *_ = embedding.extractor(store)
    with torch.no_grad():
        new = network.eval().features(views.apply("plain", torch.tensor(store.test_images), {}))
    assert_allclose(embedding.embed_views(store, folder, OPTIONS).test_images[:, 0], new.numpy(), atol=2e-3)
    assert embedding.fingerprint(store) != Embedding(Counted(store.shape, 3)).fingerprint(store)


def test_another_interpolation_is_embedded_again(store, folder):
    network = Counted(store.shape, 3, size=32)
    bilinear = embed(store, folder, network)
    network.interpolation = "bicubic"
    bicubic = embed(store, folder, network)
    assert network.images == 2 * (120 * 5 + 30)
    assert np.abs(bilinear.images - bicubic.images).max() > 0.004
