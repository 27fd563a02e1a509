"""Embeddings on disk: found again, told apart, never half there, and the same from several processes."""

import json
import multiprocessing
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from semisup.core.errors import SemisupError
from semisup.embeddings import PCAEmbedding, PixelEmbedding, RoundNetworkEmbedding
from semisup.embeddings.shards import DistributedBatches, read_shards, write_shard
from tests.embeddings.counted import Counted, network_features

ROWS = np.random.default_rng(1).permutation(120)[:50]
RGB = (3, 16, 16)


def kept(folder: Path) -> set[str]:
    """The names of the embeddings in a folder, with anything hidden."""
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_a_second_call_reads_the_same_bytes_and_does_not_ask_the_network(store, folder):
    network = Counted(RGB, 3)
    embedding = RoundNetworkEmbedding(network, normalize=True, whiten=2)
    first = embedding(store, ROWS, folder)
    assert network.images == 50
    assert isinstance(first, np.memmap)
    again = embedding(store, ROWS, folder)
    assert network.images == 50
    assert_array_equal(first, again)
    assert_array_equal(first, embedding(store, ROWS)), "the same as without a folder"


def test_another_finish_asks_the_network_no_second_time(store, folder):
    network = Counted(RGB, 3)
    for finish in ({}, {"normalize": True}, {"whiten": 2}, {"whiten": 3}):
        RoundNetworkEmbedding(network, **finish)(store, ROWS, folder)
    assert network.images == 50
    assert len(kept(folder)) == 4


def test_the_key_is_all_that_the_numbers_depend_on(store, folder):
    """Each of these is another embedding."""
    other_data = replace(store, images_fingerprint="other")
    other_view = replace(store, std=(1.0, 1.0, 1.0))
    other_weights = Counted(RGB, 3)
    with torch.no_grad():
        other_weights.conv.bias[0] += 1e-3
    calls = [
        lambda: network_features(Counted(RGB, 3), store, ROWS, folder),
        lambda: network_features(Counted(RGB, 3), store, ROWS[::-1], folder),
        lambda: network_features(Counted(RGB, 3), other_data, ROWS, folder),
        lambda: network_features(Counted(RGB, 3), other_view, ROWS, folder),
        lambda: network_features(Counted(RGB, 3, size=20), store, ROWS, folder),
        lambda: network_features(other_weights, store, ROWS, folder),
        lambda: network_features(Counted(RGB, 3), store, ROWS, folder, precision="bf16-mixed"),
        lambda: network_features(Counted(RGB, 3), store, ROWS, folder, normalize=True),
        lambda: PixelEmbedding()(store, ROWS, folder),
        lambda: PCAEmbedding()(store, ROWS, folder),
        lambda: PCAEmbedding(whiten=False)(store, ROWS, folder),
        lambda: PCAEmbedding(variance=0.9)(store, ROWS, folder),
        lambda: PCAEmbedding(sample=20)(store, ROWS, folder),
        lambda: PCAEmbedding(sample=20, seed=1)(store, ROWS, folder),
    ]
    for number, call in enumerate(calls, 1):
        call()
        assert len(kept(folder)) == number


def test_the_key_is_nothing_else(store, folder, tmp_path):
    """Not the folder, nor the head, nor the classes, nor how many images go through the network at a time."""
    network_features(Counted(RGB, 3), store, ROWS, folder)
    network_features(Counted(RGB, 7), store, ROWS, folder, batch_size=9)
    network_features(Counted(RGB, 3), store.hide(ROWS), ROWS, folder)
    network_features(Counted(RGB, 3), replace(store, fingerprint="other labels"), ROWS, folder)
    network_features(Counted(RGB, 3), store, ROWS, tmp_path / "elsewhere")
    assert len(kept(folder)) == 1
    assert kept(folder) == kept(tmp_path / "elsewhere")


def test_meta_says_what_an_embedding_is(store, folder):
    network_features(Counted(RGB, 3), store, ROWS, folder)
    (file,) = folder.glob("*/meta.json")
    meta = json.loads(file.read_text())
    assert (meta["embedding"], meta["data"], meta["images"]) == ("features of Counted", "toy", 50)
    assert (meta["features"], meta["input"], meta["view"]) == (5, [3, 16, 16], "plain")


def test_what_is_stopped_in_the_middle_leaves_nothing(store, folder):
    network = Counted(RGB, 3)
    network.fails_after = 30
    with pytest.raises(KeyboardInterrupt):
        network_features(network, store, ROWS, folder, batch_size=10)
    assert kept(folder) == set()
    assert network.training, "and the network is as it was"


def test_what_is_killed_in_the_middle_is_made_again(store, folder):
    process = multiprocessing.get_context("fork").Process(target=killed_in_the_middle, args=(store, folder))
    process.start()
    process.join(60)
    assert process.exitcode == -9
    assert all(name.startswith(".") for name in kept(folder))
    assert_array_equal(
        network_features(Counted(RGB, 3), store, ROWS, folder, batch_size=10),
        network_features(Counted(RGB, 3), store, ROWS, batch_size=10),
    )


def killed_in_the_middle(store, folder):
    class Deadly(Counted):
        def features(self, x):
            if self.images >= 30:
                os.kill(os.getpid(), 9)
            return super().features(x)

    network_features(Deadly(RGB, 3), store, ROWS, folder, batch_size=10)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_feature_that_is_not_finite_is_refused(store, folder, value):
    network = Counted(RGB, 3)
    network.value = value
    for where in (None, folder):
        with pytest.raises(SemisupError, match="features of Counted: the embedding of image 0 is not finite"):
            network_features(network, store, ROWS, where)
    assert kept(folder) == set()


def test_a_damaged_file_is_named(store, folder):
    PixelEmbedding()(store, ROWS, folder)
    (file,) = folder.glob("*/features.npy")
    content = file.read_bytes()
    file.write_bytes(content[:-100])
    with pytest.raises(SemisupError, match=r"features\.npy is damaged .*; delete"):
        PixelEmbedding()(store, ROWS, folder)


def test_no_flipped_byte_of_an_embedding_is_read(store, folder, flipped):
    expected = np.array(PixelEmbedding()(store, ROWS, folder))
    (file,) = folder.glob("*/features.npy")
    for position in np.random.default_rng(0).choice(file.stat().st_size, 30, replace=False).tolist():
        with flipped(file, position), pytest.raises(SemisupError, match=r"features\.npy is damaged: .*; delete /"):
            PixelEmbedding()(store, ROWS, folder)
    assert_array_equal(PixelEmbedding()(store, ROWS, folder), expected)


@pytest.mark.parametrize("count", [50, 40, 7])
def test_shards_joined_are_one_pass_bit_for_bit(store, tmp_path, count):
    """Batches of 10 over 3 processes: 2, 2 and 1 of them; of 7 images, 1 for the first and none for the others."""
    rows, embedding, network = ROWS[:count], RoundNetworkEmbedding(Counted(RGB, 3), batch_size=10), Counted(RGB, 3)
    views = embedding._prepare(store).views
    batches = DistributedBatches(
        lambda *rank: embedding.inference.features(network, views, store.images, rows, *rank), 10, 5
    )
    for rank in range(3):
        write_shard(tmp_path, batches, count, rank, 3)
    together = np.concatenate(list(read_shards(tmp_path, batches, count, 3)))
    assert_array_equal(together, embedding(store, rows))


@pytest.mark.parametrize("fails", [None, "one batch", "the components"])
def test_two_processes_make_an_embedding_together(store, folder, tmp_path, fails):
    """Each asks its network for its own batches only; what fails in either one is an error in both."""
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    arguments = [(rank, tmp_path / "meeting", store, folder, fails, queue) for rank in range(2)]
    processes = [context.Process(target=one_of_two, args=a) for a in arguments]
    for process in processes:
        process.start()
    said = dict(queue.get(timeout=120) for _ in processes)
    for process in processes:
        process.join(60)
    if fails:
        assert ("is not finite" if fails == "one batch" else "have 5 principal components, not 9") in said[0]
        assert said[0] == said[1]
        assert len(kept(folder)) == (0 if fails == "one batch" else 1)
    else:
        assert said == {0: 30, 1: 20}
        found = RoundNetworkEmbedding(Counted(RGB, 3), batch_size=10, whiten=2)(store, ROWS, folder)
        assert_array_equal(found, RoundNetworkEmbedding(Counted(RGB, 3), batch_size=10, whiten=2)(store, ROWS))
        assert len(kept(folder)) == 2, "features and whitened features, and no shards"


def one_of_two(rank, meeting, store, folder, fails, queue):
    from lightning.pytorch.utilities import rank_zero

    rank_zero.rank_zero_only.rank = rank
    torch.distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    network = Counted(RGB, 3)
    network.value = float("nan") if fails == "one batch" and rank else 0.0
    try:
        RoundNetworkEmbedding(network, batch_size=10, whiten=9 if fails == "the components" else 2)(store, ROWS, folder)
        queue.put((rank, network.images))
    except SemisupError as error:
        queue.put((rank, str(error)))
    torch.distributed.destroy_process_group()
