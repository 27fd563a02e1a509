"""The benchmark sets, from tiny files in torchvision's real formats.

torchvision compares checksums with those of the real files; here they are set to those of the tiny ones.
"""

import hashlib
import pickle
import shutil
import socket
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat
from torchvision import datasets

from semisup.core.errors import SemisupError
from semisup.data.sources import torchvision_set


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def images(count: int, size: int, channels: int, seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, channels), dtype=np.uint8)


def checksum(file: Path) -> str:
    return hashlib.md5(file.read_bytes()).hexdigest()


def cifar_files(root: Path, monkeypatch: pytest.MonkeyPatch, read: type, key: str, names: list[str]) -> None:
    """Batches of two images each; batch number n holds images(2, 32, 3, seed=n) and the labels n and 0."""
    folder = root / read.base_folder
    folder.mkdir(parents=True)
    files = [name for name, _ in read.train_list + read.test_list]
    for number, name in enumerate(files):
        planes = images(2, 32, 3, seed=number).transpose(0, 3, 1, 2).reshape(2, 3072)
        (folder / name).write_bytes(pickle.dumps({"data": planes, key: [number, 0]}))
    (folder / read.meta["filename"]).write_bytes(pickle.dumps({read.meta["key"]: names}))
    sums = [[name, checksum(folder / name)] for name in files]
    monkeypatch.setattr(read, "train_list", sums[:-1])
    monkeypatch.setattr(read, "test_list", sums[-1:])
    monkeypatch.setattr(read, "meta", {**read.meta, "md5": checksum(folder / read.meta["filename"])})


def test_cifar10_is_read_channels_last_with_its_class_names(tmp_path, monkeypatch):
    cifar_files(tmp_path, monkeypatch, datasets.CIFAR10, "labels", [f"class{n}" for n in range(10)])
    store = torchvision_set(tmp_path, "cifar10")
    assert_array_equal(store.images, np.concatenate([images(2, 32, 3, seed=n) for n in range(5)]))
    assert_array_equal(store.targets, [0, 0, 1, 0, 2, 0, 3, 0, 4, 0])
    assert_array_equal(store.test_images, images(2, 32, 3, seed=5))
    assert_array_equal(store.test_targets, [5, 0])
    assert store.classes == tuple(f"class{n}" for n in range(10))


def test_cifar100_has_the_fine_labels(tmp_path, monkeypatch):
    cifar_files(tmp_path, monkeypatch, datasets.CIFAR100, "fine_labels", [f"class{n}" for n in range(100)])
    store = torchvision_set(tmp_path, "cifar100")
    assert_array_equal(store.targets, [0, 0])
    assert_array_equal(store.test_targets, [1, 0])
    assert len(store.classes) == 100


def test_a_store_is_opened_without_torchvisions_files(tmp_path, monkeypatch):
    cifar_files(tmp_path, monkeypatch, datasets.CIFAR10, "labels", [f"class{n}" for n in range(10)])
    first = torchvision_set(tmp_path, "cifar10")
    (tmp_path / "cifar-10-batches-py").rename(tmp_path / "elsewhere")
    assert torchvision_set(tmp_path, "cifar10").fingerprint == first.fingerprint


def test_a_damaged_batch_is_a_sentence(tmp_path, monkeypatch):
    cifar_files(tmp_path, monkeypatch, datasets.CIFAR10, "labels", [f"class{n}" for n in range(10)])
    (tmp_path / "cifar-10-batches-py" / "data_batch_3").write_bytes(b"half")
    with pytest.raises(SemisupError, match="cifar-10-batches-py is damaged or incomplete"):
        torchvision_set(tmp_path, "cifar10")
    assert not (tmp_path / "stores" / "cifar10").exists()


def idx_files(folder: Path) -> None:
    """Three training and two test images in the format of LeCun's files: big-endian sizes, then bytes."""
    folder.mkdir(parents=True)
    for prefix, count, seed in (("train", 3, 0), ("t10k", 2, 1)):
        pixels = images(count, 28, 1, seed).tobytes()
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(struct.pack(">4i", 0x803, count, 28, 28) + pixels)
        labels = bytes(range(7, 7 + count))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, count) + labels)


@pytest.mark.parametrize(
    ("name", "folder", "ninth"), [("mnist", "MNIST", "9"), ("fashion_mnist", "FashionMNIST", "Ankle boot")]
)
def test_idx_files_become_grey_images_with_one_channel(tmp_path, name, folder, ninth):
    idx_files(tmp_path / folder / "raw")
    store = torchvision_set(tmp_path, name)
    assert store.shape == (1, 28, 28)
    assert_array_equal(store.images, images(3, 28, 1, seed=0))
    assert_array_equal(store.targets, [7, 8, 9])
    assert_array_equal(store.test_images, images(2, 28, 1, seed=1))
    assert store.classes[9] == ninth


def test_a_truncated_idx_file_is_a_sentence(tmp_path):
    idx_files(tmp_path / "MNIST" / "raw")
    (tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte").write_bytes(struct.pack(">4i", 0x803, 3, 28, 28))
    with pytest.raises(SemisupError, match="MNIST/raw is damaged or incomplete"):
        torchvision_set(tmp_path, "mnist")


def svhn_files(root: Path, monkeypatch: pytest.MonkeyPatch, splits: list[str]) -> None:
    """Two images a split, in Matlab's (H, W, C, N), with the labels 1 and 10; 10 means the digit 0."""
    known = dict(datasets.SVHN.split_list)
    for seed, split in enumerate(splits):
        file = root / f"{split}_32x32.mat"
        savemat(file, {"X": images(2, 32, 3, seed).transpose(1, 2, 3, 0), "y": np.array([[1], [10]], dtype=np.uint8)})
        known[split] = [known[split][0], file.name, checksum(file)]
    monkeypatch.setattr(datasets.SVHN, "split_list", known)


def test_svhn_keeps_the_extra_images_and_their_targets_behind_the_training_images(tmp_path, monkeypatch):
    svhn_files(tmp_path, monkeypatch, ["train", "test", "extra"])
    store = torchvision_set(tmp_path, "svhn")
    assert_array_equal(store.images, np.concatenate([images(2, 32, 3, seed=0), images(2, 32, 3, seed=2)]))
    assert_array_equal(store.targets, [1, 0, 1, 0])
    assert_array_equal(store.test_images, images(2, 32, 3, seed=1))
    assert store.labelable == 2


def test_svhn_with_and_without_extra_are_two_stores(tmp_path, monkeypatch):
    svhn_files(tmp_path, monkeypatch, ["train", "test", "extra"])
    assert len(torchvision_set(tmp_path, "svhn", extra=False).images) == 2
    assert len(torchvision_set(tmp_path, "svhn").images) == 4
    assert len(torchvision_set(tmp_path, "svhn", extra=False).images) == 2


def test_svhn_without_the_extra_file_says_how_to_go_without_it(tmp_path, monkeypatch):
    svhn_files(tmp_path, monkeypatch, ["train", "test"])
    with pytest.raises(SemisupError, match="leave the extra images out with extra=false"):
        torchvision_set(tmp_path, "svhn")


def test_stl10_is_turned_upright_and_its_unlabeled_images_have_no_target(tmp_path, monkeypatch):
    """The files hold (N, C, W, H), and labels from 1."""
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    for seed, split in enumerate(["train", "test", "unlabeled"]):
        (folder / f"{split}_X.bin").write_bytes(images(2, 96, 3, seed).transpose(0, 3, 2, 1).tobytes())
        (folder / f"{split}_y.bin").write_bytes(bytes([1, 10]))
    (folder / "class_names.txt").write_text("".join(f"class{n}\n" for n in range(10)))
    for part in ("train_list", "test_list"):
        sums = [[name, checksum(folder / name)] for name, _ in getattr(datasets.STL10, part)]
        monkeypatch.setattr(datasets.STL10, part, sums)
    store = torchvision_set(tmp_path, "stl10")
    assert_array_equal(store.images, np.concatenate([images(2, 96, 3, seed=0), images(2, 96, 3, seed=2)]))
    assert_array_equal(store.targets, [0, 9, -1, -1])
    assert_array_equal(store.test_images, images(2, 96, 3, seed=1))
    assert (store.labelable, store.classes[9]) == (2, "class9")
    assert len(torchvision_set(tmp_path, "stl10", extra=False).images) == 2


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("cifar10", "cifar-10-batches-py"),
        ("cifar100", "cifar-100-python"),
        ("mnist", "MNIST/raw"),
        ("fashion_mnist", "FashionMNIST/raw"),
        ("svhn", "train_32x32.mat"),
        ("stl10", "stl10_binary"),
    ],
)
def test_without_files_and_network_the_sentence_says_where_it_looked_and_how_to_import_it(tmp_path, name, files):
    for _ in range(2):  # twice: what a failed download leaves behind is not mistaken for damaged files
        with pytest.raises(SemisupError, match="no network here") as error:
            torchvision_set(tmp_path, name)
        for part in (f"store {tmp_path / 'stores' / name} ", f"files {tmp_path / files},"):
            assert part in str(error.value)
        assert f"`semisup import name={name} path=DIR data_dir={tmp_path}`" in str(error.value)


def test_an_unknown_name_is_answered_with_the_valid_ones(tmp_path):
    with pytest.raises(SemisupError, match="name=cifar-10 is not valid: it is cifar10 or"):
        torchvision_set(tmp_path, "cifar-10")


def test_a_fifth_of_each_class_of_eurosat_is_always_the_same_test_set(tmp_path):
    for number, name in enumerate(("Forest", "River")):
        folder = tmp_path / "eurosat" / "2750" / name
        folder.mkdir(parents=True)
        for place in range(10):
            Image.fromarray(images(1, 64, 3, seed=10 * number + place)[0]).save(folder / f"{name}_{place}.png")
    store = torchvision_set(tmp_path, "eurosat")
    assert store.classes == ("Forest", "River")
    assert [np.bincount(part).tolist() for part in (store.targets, store.test_targets)] == [[8, 8], [2, 2]]
    every = {image.tobytes() for image in (*store.images, *store.test_images)}
    assert every == {images(1, 64, 3, seed=seed).tobytes() for seed in range(20)}
    shutil.rmtree(tmp_path / "stores")
    assert torchvision_set(tmp_path, "eurosat").test_fingerprint == store.test_fingerprint


def test_pictures_of_the_test_set_and_repeated_ones_are_dropped_from_train_and_extra_images(
    tmp_path, monkeypatch, capsys
):
    """Train: a, b. Test: b. Unlabeled: a, c, c. What is left: a, and one c, which is still no labeled image."""
    a, b, c = (images(1, 96, 3, seed=seed) for seed in range(3))
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    pictures = {"train": [a, b], "test": [b], "unlabeled": [a, c, c]}
    for part, found in pictures.items():
        (folder / f"{part}_X.bin").write_bytes(np.concatenate(found).transpose(0, 3, 2, 1).tobytes())
        if part != "unlabeled":
            (folder / f"{part}_y.bin").write_bytes(bytes(range(1, 1 + len(found))))
    (folder / "class_names.txt").write_text("airplane\nbird\n")
    (folder / "fold_indices.txt").write_text("0 1\n" * 10)
    monkeypatch.setattr(datasets.STL10, "_check_integrity", lambda self: True)
    store = torchvision_set(tmp_path, "stl10", duplicates="drop")
    assert_array_equal(store.images, np.concatenate([a, c]))
    assert store.targets.tolist() == [0, -1]
    assert store.labelable == 1
    capsys.readouterr()
    assert len(torchvision_set(tmp_path, "stl10").images) == 5, "another store, with all of them"
    said = capsys.readouterr().err
    assert "1 training images are in the test set, too: training image 1 is test image 0." in said
    assert "2 pictures are in the training images more than once" in said
    with pytest.raises(SemisupError, match=r"has the same picture twice.*training image 1 is test image 0"):
        torchvision_set(tmp_path, "stl10", duplicates="refuse")
