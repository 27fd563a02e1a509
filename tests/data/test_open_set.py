"""Classes that nobody has told the network: where their images go."""

import numpy as np
import pytest

from semisup.core.errors import SemisupError
from semisup.data import SSLDataModule, Store, make_split, withhold_classes
from semisup.data.split_file import read_split
from semisup.data.store import OUTLIER


def store(unknown: int = 0) -> Store:
    """Ten images of each of four classes, then some of which nobody knows the class; two test images of each class."""
    targets = np.concatenate([np.tile(np.arange(4), 10), np.full(unknown, -1)])
    tests = np.repeat(np.arange(4), 2)
    images, test_images = (np.zeros((len(t), 2, 2, 1), np.uint8) for t in (targets, tests))
    names = ("plane", "bird", "cat", "7")
    return Store("toy", names, images, targets, test_images, tests, len(targets), (0.0,), (1.0,), "toy")


def test_the_other_classes_are_renumbered_and_an_unknown_image_stays_unknown():
    kept = withhold_classes(store(unknown=1), ["plane", "cat"])
    assert kept.classes == ("bird", "7")
    assert kept.unknown_classes == ("plane", "cat")
    assert kept.targets[:4].tolist() == [OUTLIER, 0, OUTLIER, 1]
    assert kept.targets[-1] == -1
    assert kept.test_targets.tolist() == [OUTLIER, OUTLIER, 0, 0, OUTLIER, OUTLIER, 1, 1]
    assert kept.scored.tolist() == [2, 3, 6, 7]


def test_a_number_is_a_place_unless_a_class_has_it_for_its_name():
    assert withhold_classes(store(), [0, 7]).unknown_classes == ("plane", "7")
    assert withhold_classes(store(), [3, 2]).unknown_classes == ("cat", "7")


def test_images_of_unknown_classes_are_unlabeled_and_never_labeled_nor_validation():
    whole = store(unknown=3)
    for strategy in ("class_balanced", "random", "first_n"):
        split = make_split(withhold_classes(whole, ["plane"]), labels="all", validation=6, strategy=strategy)
        assert not (whole.targets[split.known] == 0).any()
        assert sorted(split.unlabeled) == sorted(np.flatnonzero(whole.targets <= 0))
    assert split.manifest(withhold_classes(whole, ["plane"]))["unknown_classes"] == ["plane"]


def test_the_data_module_does_not_say_which_unlabeled_images_are_of_unknown_classes():
    data = SSLDataModule(withhold_classes(store(), [0]), labels=12, validation=3, padding=1)
    assert set(data.store.targets[data.split.unlabeled].tolist()) == {-1}


def test_the_test_set_is_another_one_and_the_images_are_the_same():
    whole = store()
    kept = withhold_classes(whole, ["cat"])
    assert kept.fingerprint == whole.fingerprint
    assert len({s.test_fingerprint for s in (whole, kept, withhold_classes(whole, ["bird"]))}) == 3
    assert withhold_classes(whole) is whole


@pytest.mark.parametrize(
    ("unknown", "message"),
    [
        (["brid"], r"data.unknown=brid: toy has no such class; did you mean 'bird'"),
        ([4], "data.unknown=4: toy has the classes 0 to 3"),
        (["cat", 2], "data.unknown names class 'cat' twice"),
        (["cat", "bird", "7"], "data.unknown takes 3 of the 4 classes of toy; leave two at least"),
    ],
)
def test_what_does_not_fit_is_one_sentence(unknown, message):
    with pytest.raises(SemisupError, match=message):
        withhold_classes(store(), unknown)


def test_a_long_tail_of_unlabeled_images_is_refused():
    with pytest.raises(SemisupError, match=r"data\.unknown has no place in a long tail"):
        make_split(withhold_classes(store(), [0]), labels=12, validation=3, unlabeled_imbalance=2)


def test_a_split_file_that_lists_an_image_of_an_unknown_class_is_refused(tmp_path):
    np.save(tmp_path / "split.npy", np.array([0, 1, 2, 3]))
    with pytest.raises(SemisupError, match="has the index 1, an image of toy without a label"):
        read_split(tmp_path / "split.npy", withhold_classes(store(), ["bird"]), validation=0)
