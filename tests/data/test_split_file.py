"""Splits from files of other programs and of earlier runs."""

import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from semisup.core.errors import SemisupError
from semisup.data import SSLDataModule
from semisup.data.split_file import read_split
from semisup.data.splits import make_split
from tests.toy import toy

LISTED = [0, 1, 2, 3, 4, 5]  # two of each of the three classes


@pytest.fixture
def store(data_dir):
    return toy(data_dir)


def saved(folder, values, name="split.npy"):
    np.save(folder / name, values, allow_pickle=True)
    return folder / name


def test_usb_s_indices_are_the_labeled_images(tmp_path, store):
    split = read_split(saved(tmp_path, np.array(LISTED[::-1])), store, validation=0)
    assert_array_equal(split.labeled, LISTED)
    assert_array_equal(split.unlabeled, np.arange(6, 120))
    assert split.labeled_in_unlabeled


def test_validation_and_unlabeled_images_are_drawn_as_usual(tmp_path, store):
    file = saved(tmp_path, np.array(LISTED))
    split = read_split(file, store, validation=3, unlabeled=10, seed=1)
    assert len(split.validation) == 3
    assert sorted(split.known) == LISTED
    assert len(split.unlabeled) == 10
    assert split.hash != read_split(file, store, validation=3, unlabeled=10, seed=2).hash


def test_a_table_lists_images_by_their_index(tmp_path, store):
    file = tmp_path / "split.csv"
    file.write_text("note;index\n" + "".join(f"x;{image}\n" for image in LISTED))
    assert_array_equal(read_split(file, store, validation=0).labeled, LISTED)


@pytest.mark.parametrize("end", ["json", "npz"])
def test_the_split_of_a_run_is_read_as_it_was(tmp_path, store, end):
    split = make_split(store, labels=30, validation=6, unlabeled=20, labeled_in_unlabeled=False, seed=3)
    split.save(tmp_path, store)
    assert read_split(tmp_path / f"split.{end}", store, validation=0.5, seed=9).hash == split.hash


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([0, 1, 120], "has the index 120, and toy has images 0 to 119"),
        ([-1, 1, 2], "has the index -1, and toy has images"),
        ([0, 1, 2, 1], "has the index 1 more than once"),
        ([0, 3, 1], "no labeled image is left to train class 'class 2'"),
        ([[0, 1, 2]], r"needs a list of whole numbers, and has int64 of shape \(1, 3\)"),
        ([0.0, 1.0], "needs a list of whole numbers, and has float64"),
        (np.array([2**63], np.uint64), "has the index 9223372036854775808, which no data set has"),
        (np.array([], np.int64), "lists no image"),
        (np.array([{"index": 0}], object), "is not a readable file of NumPy arrays of numbers"),
    ],
)
def test_a_wrong_array_is_one_sentence(tmp_path, store, values, reason):
    with pytest.raises(SemisupError, match=reason) as error:
        read_split(saved(tmp_path, np.array(values)), store, validation=0)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("none.npy", None, "there is no file"),
        ("split.txt.exe", b"MZ", "is no split: data.split is"),
        ("split.npy", b"\x93NUMPY\x01\x00", "is not a readable file of NumPy arrays"),
        ("split.npy", b"", "is not a readable file of NumPy arrays"),
        ("split.csv", b"label\ncat\n", "needs a column index or path; it has label"),
        ("split.csv", b"index\n0\none\n", "column index of .* is not int64"),
        ("split.csv", b"path\na.png\n", "needs a column index: toy was not made of files"),
        ("split.json", b"{}", "a run's split is in split.json and split.npz together"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path, store, name, content, reason):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SemisupError, match=reason) as error:
        read_split(tmp_path / name, store, validation=0)
    assert "\n" not in str(error.value)


def test_an_image_without_a_label_cannot_be_listed(tmp_path, store):
    hidden = store.hide(np.arange(60))
    with pytest.raises(SemisupError, match="has the index 60, an image of toy without a label"):
        read_split(saved(tmp_path, np.array([0, 1, 2, 60])), hidden, validation=0)


def test_a_split_of_other_data_or_a_changed_one_is_refused(tmp_path, store, data_dir):
    split = make_split(store, labels=30, validation=6)
    split.save(tmp_path, store)
    with pytest.raises(SemisupError, match="is the split of another data set than toy as it is now, or damaged"):
        read_split(tmp_path / "split.json", toy(data_dir, scrambled=True))
    manifest = json.loads((tmp_path / "split.json").read_text())
    (tmp_path / "split.json").write_text(json.dumps({**manifest, "hash": 5, "labeled_in_unlabeled": True}))
    with pytest.raises(SemisupError, match="or damaged"):
        read_split(tmp_path / "split.json", store)
    (tmp_path / "split.json").write_text("[]")
    with pytest.raises(SemisupError, match=r"split\.json is not"):
        read_split(tmp_path / "split.json", store)


def test_an_option_that_the_file_replaces_is_refused(tmp_path, store):
    file = str(saved(tmp_path, np.array(LISTED)))
    with pytest.raises(SemisupError, match=r"data.strategy=random has no effect with data.split"):
        SSLDataModule(store, split=file, strategy="random", padding=1)


def test_a_run_takes_the_file_and_names_itself_by_it(run, tmp_path, data_dir):
    toy_data = ("data._target_=tests.toy.toy", "data.padding=1", "data.validation=3")
    result = run(*toy_data, f"data.split={saved(tmp_path, np.array(LISTED), 'a split.npy')}", "trainer.max_steps=2")
    assert (result["split"]["labeled"], result["split"]["validation"]) == (3, 3)
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if path.name[0] != ".")
    assert folder.name.startswith("toy-split-")
