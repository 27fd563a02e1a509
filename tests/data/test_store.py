"""Stores on disk: complete or absent, and damage is named."""

import json
import multiprocessing
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from semisup.core.atomic_files import atomic_folder
from semisup.core.errors import SemisupError
from semisup.data.store import open_store
from semisup.data.store_writer import finish_store, statistics, write_array, write_store

CLASSES = ("cat", "dog")
ARRAYS = ("images.npy", "targets.npy", "test_images.npy", "test_targets.npy")


def random_images(count: int, size: int = 5, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (count, size, size, 3), dtype=np.uint8), random.integers(0, 2, count)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store of 7 training images, 4 extra ones without a class, and 3 test images."""
    extra = (random_images(4, seed=1)[0], np.full(4, -1))
    write_store(tmp_path / "pets", "pets", CLASSES, random_images(7), random_images(3, seed=2), extra)
    return tmp_path / "pets"


def test_a_store_is_read_as_it_was_written(folder):
    store = open_store(folder)
    assert (store.name, store.classes, store.labelable, store.shape) == ("pets", CLASSES, 7, (3, 5, 5))
    assert_array_equal(store.images[:7], random_images(7)[0])
    assert_array_equal(store.images[7:], random_images(4, seed=1)[0])
    assert_array_equal(store.targets, [*random_images(7)[1], -1, -1, -1, -1])
    assert_array_equal(store.test_images, random_images(3, seed=2)[0])
    assert_array_equal(store.test_targets, random_images(3, seed=2)[1])


def test_a_store_without_a_test_set_has_no_test_rows(tmp_path):
    write_store(tmp_path / "pets", "pets", CLASSES, random_images(7), random_images(0))
    assert open_store(tmp_path / "pets").test_images.shape == (0, 5, 5, 3)


def test_a_table_keeps_its_numbers_and_has_the_shape_of_a_row(tmp_path):
    values = np.array([[0.5, 1e9], [1.5, -3.0]])
    write_store(tmp_path / "t", "t", CLASSES, (values, np.array([0, 1])), (values[:1], np.array([0])))
    store = open_store(tmp_path / "t")
    assert store.shape == (2,)
    assert store.images.dtype == np.float32
    assert_array_equal(store.images, values.astype(np.float32))


def test_hiding_leaves_only_the_known_targets(folder):
    store = open_store(folder)
    hidden = store.hide(np.array([2, 5]))
    expected = np.full(11, -1)
    expected[[2, 5]] = store.targets[[2, 5]]
    assert_array_equal(hidden.targets, expected)
    assert (store.targets[:7] >= 0).all(), "the store itself must keep its targets"


def test_the_fingerprint_changes_with_one_pixel_and_only_then(tmp_path):
    images, targets = random_images(7)
    write_store(tmp_path / "a", "pets", CLASSES, (images, targets), random_images(3))
    write_store(tmp_path / "b", "pets", CLASSES, (images, targets), random_images(3))
    images[6, 4, 4, 2] ^= 1
    write_store(tmp_path / "c", "pets", CLASSES, (images, targets), random_images(3))
    one, same, other = (open_store(tmp_path / name).fingerprint for name in "abc")
    assert one == same != other


def test_the_fingerprint_of_the_images_changes_with_one_pixel_of_any_and_with_no_label(tmp_path):
    """Of a: b has other labels, c and d have another pixel in a training and a test image."""
    (images, targets), test = random_images(7), random_images(3)
    write_store(tmp_path / "a", "pets", CLASSES, (images, targets), test)
    write_store(tmp_path / "b", "pets", CLASSES, (images, 1 - targets), test)
    changed, changed_test = images.copy(), test[0].copy()
    changed[6, 4, 4, 2] ^= 1
    changed_test[0, 0, 0, 0] ^= 1
    write_store(tmp_path / "c", "pets", CLASSES, (changed, targets), test)
    write_store(tmp_path / "d", "pets", CLASSES, (images, targets), (changed_test, test[1]))
    one, same, *others = (open_store(tmp_path / name).images_fingerprint for name in "abcd")
    assert one == same
    assert len({one, *others}) == 3


def test_the_test_fingerprint_tells_test_sets_apart_and_nothing_else(tmp_path):
    images, targets = random_images(3)
    write_store(tmp_path / "a", "pets", CLASSES, random_images(7), (images, targets))
    write_store(tmp_path / "b", "dogs", CLASSES, random_images(9, seed=3), (images, targets))
    write_store(tmp_path / "c", "pets", CLASSES, random_images(7), (images, 1 - targets))
    write_store(tmp_path / "d", "pets", CLASSES[::-1], random_images(7), (images, targets))
    one, same, *others = (open_store(tmp_path / name).test_fingerprint for name in "abcd")
    assert one == same
    assert len({one, *others}) == 3


def test_a_store_of_before_there_was_a_test_fingerprint_has_that_of_all_of_it(folder):
    meta = json.loads((folder / "meta.json").read_text())
    del meta["test_fingerprint"], meta["checksum"]
    (folder / "meta.json").write_text(json.dumps(meta))
    assert open_store(folder).test_fingerprint == open_store(folder).fingerprint


def test_image_statistics_are_those_of_all_pixels_in_0_to_1():
    images = random_images(11)[0]
    mean, std = statistics(images, block=4)  # 4 + 4 + 3: the last block is not full
    assert_allclose(mean, (images / 255).mean((0, 1, 2)))
    assert_allclose(std, (images / 255).std((0, 1, 2)))


def test_table_statistics_survive_large_numbers_and_constant_columns():
    """Seconds since 1970 (1.7e9, spread 1): mean of squares minus squared mean would be off by thousands."""
    column = np.random.default_rng(0).normal(1.7e9, 1.0, 1000)
    values = np.stack([column, np.full(1000, 0.1), column * 1e-20], axis=1)
    mean, std = statistics(values, block=300)
    assert_allclose(mean, values.mean(0))
    assert_allclose(std, [column.std(), 1.0, (column * 1e-20).std()], rtol=1e-6)


@pytest.mark.parametrize("file", ARRAYS)
def test_a_truncated_file_is_named(folder, file):
    content = (folder / file).read_bytes()
    (folder / file).write_bytes(content[:-1])
    with pytest.raises(SemisupError, match=rf"{file} is damaged: it has {len(content) - 1:,} bytes instead of"):
        open_store(folder)


def test_no_flipped_byte_of_a_store_is_read(folder, flipped):
    """In meta.json, a digit of the mean would shift all images. Its key `checksum` alone may change."""
    opened, rng = open_store(folder), np.random.default_rng(0)
    for file in (folder / name for name in ARRAYS):
        for position in rng.choice(file.stat().st_size, 20, replace=False).tolist():
            with flipped(file, position), pytest.raises(SemisupError, match="pets and import it again"):
                open_store(folder)
    for position in range(0, (folder / "meta.json").stat().st_size, 5):
        with flipped(folder / "meta.json", position):
            try:
                found = open_store(folder)
            except SemisupError:
                continue
            assert (found.mean, found.std, found.classes) == (opened.mean, opened.std, opened.classes)


def test_an_older_store_without_checksums_is_compared_with_its_fingerprint(folder, flipped):
    meta = json.loads((folder / "meta.json").read_text())
    del meta["sha256"], meta["checksum"]
    (folder / "meta.json").write_text(json.dumps(meta))
    assert open_store(folder).classes == CLASSES
    for name in ARRAYS:
        with flipped(folder / name, 130), pytest.raises(SemisupError, match="pets is damaged: its content"):
            open_store(folder)


@pytest.mark.parametrize("file", ["images.npy", "meta.json"])
def test_a_missing_file_is_named(folder, file):
    (folder / file).unlink()
    with pytest.raises(SemisupError, match=rf"{file}.*delete it and import it again"):
        open_store(folder)


def test_a_failed_import_keeps_nothing(tmp_path):
    images = random_images(7)[0]
    with (
        pytest.raises(ValueError, match="6 rows were given instead of 7"),
        atomic_folder(tmp_path / "pets") as temporary,
    ):
        write_array(temporary / "images.npy", [images[:6]], images.shape, "uint8")
    assert not list(tmp_path.iterdir())


def test_the_second_of_two_imports_keeps_the_first_ones_store(folder):
    before = open_store(folder).fingerprint
    write_store(folder, "pets", CLASSES, random_images(9, seed=3), random_images(3))
    assert open_store(folder).fingerprint == before
    assert [path.name for path in folder.parent.iterdir()] == ["pets"]


def test_a_killed_import_leaves_nothing_that_is_read_and_can_be_repeated(tmp_path):
    folder = tmp_path / "pets"
    process = multiprocessing.get_context("fork").Process(target=import_that_hangs, args=(folder,))
    process.start()
    deadline = time.monotonic() + 30
    while not (started := list(tmp_path.glob(".pets.tmp-*/half"))) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.join()
    assert started, "the import was not under way"
    assert process.exitcode == -9
    assert not folder.exists()
    write_store(folder, "pets", CLASSES, random_images(7), random_images(3))
    assert_array_equal(open_store(folder).images, random_images(7)[0])


def import_that_hangs(folder: Path) -> None:
    def blocks(marker: Path) -> Iterator[NDArray[np.uint8]]:
        yield random_images(4)[0]
        marker.touch()
        time.sleep(60)

    with atomic_folder(folder) as temporary:
        write_array(temporary / "images.npy", blocks(temporary / "half"), (7, 5, 5, 3), "uint8")
        finish_store(temporary, "pets", CLASSES)


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow beyond 64 KiB: the system then fails a write as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_is_one_sentence_and_keeps_nothing(tmp_path):
    with pytest.raises(SemisupError, match=r"pets could not be written \(.+\); nothing was kept"):
        write_store(tmp_path / "pets", "pets", CLASSES, random_images(1000), random_images(3))
    assert not list(tmp_path.iterdir())
    write_store(tmp_path / "pets", "pets", CLASSES, random_images(100), random_images(3))  # 7,500 bytes find room
    assert len(open_store(tmp_path / "pets").images) == 100
