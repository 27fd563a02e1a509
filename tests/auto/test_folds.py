"""Folds of labeled images, counted by hand."""

from itertools import chain

import numpy as np

from semisup.auto.folds import cross_validation_folds, subsample
from semisup.data import Split


def split_of(count: int) -> Split:
    """Images 10, 11, ... are labeled; 0 to 4 are not."""
    none = np.zeros(0, np.int64)
    return Split(np.arange(10, 10 + count), none, np.arange(5), True, "x")


def test_each_image_is_held_out_once_a_repeat_except_a_classs_only_one():
    """Class 0 has 4 labels, class 1 has 3, class 2 has one: 7 images are held out in each of the 2 repeats."""
    label = np.array([0, 0, 0, 0, 1, 1, 1, 2])
    repeats = cross_validation_folds(split_of(8), label, folds=2, repeats=2, seed=0)
    names = [[fold.name for fold in repeat] for repeat in repeats]
    assert names == [["fold-0-0", "fold-0-1"], ["fold-1-0", "fold-1-1"]]
    for repeat in repeats:
        held_out = np.concatenate([fold.held_out for fold in repeat])
        assert sorted(held_out) == list(range(10, 17))
    assert not np.array_equal(repeats[0][0].held_out, repeats[1][0].held_out)


def test_a_held_out_image_is_unlabeled_and_every_class_keeps_a_label():
    label = np.array([0, 0, 1, 1, 1, 2])
    for fold in chain(*cross_validation_folds(split_of(6), label, folds=5, repeats=3, seed=1)):
        assert not set(fold.held_out) & set(fold.split.labeled)
        assert set(fold.held_out) < set(fold.split.unlabeled)
        assert len(fold.split.labeled) + len(fold.split.unlabeled) == 11
        assert set(label[fold.split.labeled - 10]) == {0, 1, 2}


def test_folds_are_of_about_equal_size_though_classes_are_small():
    """Ten classes of two labels in five folds: four images each, and not ten in the first two folds."""
    (folds,) = cross_validation_folds(split_of(20), np.repeat(np.arange(10), 2), folds=5, repeats=1, seed=0)
    assert [len(fold.held_out) for fold in folds] == [4] * 5


def test_with_one_label_a_class_there_is_no_fold():
    assert cross_validation_folds(split_of(3), np.arange(3), folds=5, repeats=2, seed=0) == []


def test_a_subsample_keeps_a_share_of_each_class_and_one_at_least():
    """Half of 6, of 2 and of 1: 3, 1 and 1 (half an image rounds to none, and one stays)."""
    label = np.array([0] * 6 + [1] * 2 + [2])
    fold = subsample(split_of(9), label, 0.5, repeat=0, seed=0)
    assert np.bincount(label[fold.split.labeled - 10]).tolist() == [3, 1, 1]
    assert len(fold.held_out) == 4
