"""Splits: who is labeled, who validates, who is unlabeled."""

from dataclasses import replace

import numpy as np
import pytest

from semisup.core.errors import SemisupError
from semisup.data import Store, make_split
from semisup.data.class_shares import apportion, counts_from_largest, long_tail


def store(counts: list[int], extra: int = 0, unknown: int = 0) -> Store:
    """A store whose class c has counts[c] images, then some of unknown class, then `extra` that may not be labeled."""
    targets = np.repeat(np.arange(len(counts)), counts)
    targets = np.random.default_rng(0).permutation(targets)
    targets = np.concatenate([targets, np.full(unknown, -1), np.zeros(extra, np.int64)])
    images = np.zeros((len(targets), 2, 2, 1), np.uint8)
    classes = tuple("abcdefghij"[: len(counts)])
    empty = np.zeros((0, 2, 2, 1), np.uint8)
    labelable = len(targets) - extra
    return Store("toy", classes, images, targets, empty, np.zeros(0, np.int64), labelable, (0.0,), (1.0,), "toy")


def per_class(s: Store, index: np.ndarray) -> list[int]:
    return np.bincount(s.targets[index], minlength=len(s.classes)).tolist()


def test_validation_comes_out_of_the_labels_and_the_three_parts_never_overlap():
    s = store([50, 50, 50], extra=7, unknown=11)
    split = make_split(s, labels=30, validation=6, seed=3)
    assert per_class(s, split.labeled) == [8, 8, 8]
    assert per_class(s, split.validation) == [2, 2, 2]
    everyone = np.concatenate([split.labeled, split.validation, split.unlabeled])
    assert sorted(everyone) == list(range(168))
    assert sorted(split.stream) == sorted(np.concatenate([split.labeled, split.unlabeled]))


def test_labels_per_class_all_labels_and_fractions_of_validation():
    s = store([20, 30])
    assert len(make_split(s, labels="4/class", validation=0).labeled) == 8
    split = make_split(s, labels="all", validation=0.2)
    assert per_class(s, split.validation) == [4, 6], "in the proportions of the labels"
    assert len(split.unlabeled) == 0


def test_first_n_takes_the_data_sets_own_order_and_validates_on_the_last():
    split = make_split(store([50, 50]), labels=20, validation=5, strategy="first_n", unlabeled=10)
    assert split.labeled.tolist() == list(range(15))
    assert split.validation.tolist() == list(range(15, 20))
    assert split.unlabeled.tolist() == list(range(20, 30))


def test_extra_images_and_images_of_unknown_class_are_never_labeled():
    s = store([5, 5], extra=90, unknown=50)
    for strategy in ("class_balanced", "random", "first_n"):
        split = make_split(s, labels="all", validation=0, strategy=strategy)
        assert split.labeled.tolist() == list(range(10))
        assert len(split.unlabeled) == 140


def test_a_long_tail_on_either_side():
    """γ = 4 with 3 classes: shares 4 : 2 : 1. 28 labels are 16, 8, 4; reversed, 4, 8, 16. Of 60 unlabeled images a
    class at most, 60 : 30 : 15 keeps the ratio; after the labels have gone, 44 + 52 + 56 are left: 44 : 22 : 11.
    """
    s = store([60, 60, 60])
    split = make_split(s, labels=28, validation=0, imbalance=4)
    assert per_class(s, split.labeled) == [16, 8, 4]
    split = make_split(s, labels=28, validation=0, imbalance=-4)
    assert per_class(s, split.labeled) == [4, 8, 16]
    split = make_split(s, labels=28, validation=0, imbalance=4, unlabeled_imbalance=4)
    assert per_class(s, split.unlabeled) == [44, 22, 11]


def test_the_counts_of_the_literature():
    """CIFAR-10-LT with N1 = 1,500 and γ = 100: 1500 · 100^(-i/9) = 1500, 899.2, 539.0, 323.2, 193.7, 116.1, 69.6, 41.7,
    25.03, 15, rounded down. Of classes of 20 with N1 = 8 and γ = 4 that is 8, 4, 2.
    """
    counts = counts_from_largest(1500, long_tail(10, 100))
    assert counts.tolist() == [1500, 899, 539, 323, 193, 116, 69, 41, 25, 15]
    s = store([20, 20, 20])
    split = make_split(s, labels="8/head", validation=0, imbalance=4, unlabeled="5/head")
    assert per_class(s, split.labeled) == [8, 4, 2]
    assert per_class(s, split.unlabeled) == [5, 5, 5]


def test_the_five_shapes_of_the_unlabeled_images():
    """γ = 16 with 5 classes: 16 : 8 : 4 : 2 : 1."""
    s = store([40] * 5)
    counts = {
        (imbalance, shape): per_class(
            s,
            make_split(
                s, labels=10, validation=0, unlabeled="16/head", unlabeled_imbalance=imbalance, unlabeled_shape=shape
            ).unlabeled,
        )
        for imbalance, shape in ((16, "tail"), (1, "tail"), (-16, "tail"), (16, "middle"), (16, "head_tail"))
    }
    assert counts[16, "tail"] == [16, 8, 4, 2, 1]
    assert counts[1, "tail"] == [16] * 5
    assert counts[-16, "tail"] == [1, 2, 4, 8, 16]
    assert counts[16, "middle"] == [2, 8, 16, 4, 1]
    assert counts[16, "head_tail"] == [16, 4, 1, 2, 8]


def test_a_seed_is_a_split_and_another_seed_another_one():
    s = store([50, 50])
    assert make_split(s, labels=10, seed=1).hash == make_split(s, labels=10, seed=1).hash
    assert make_split(s, labels=10, seed=1).hash != make_split(s, labels=10, seed=2).hash


def test_the_hash_covers_all_that_a_split_says():
    """The same images with and without the labeled ones in the unlabeled stream are two splits, and two trainings."""
    s = store([50, 50])
    split = make_split(s, labels=10, validation=2, seed=1)
    assert make_split(s, labels=10, validation=2, seed=1, labeled_in_unlabeled=False).hash != split.hash
    for change in (
        {"labeled_in_unlabeled": False},
        {"fingerprint": "other"},
        {"labeled": split.validation, "validation": split.labeled},
        {"validation": split.validation[:1]},
        {"unlabeled": split.unlabeled[:-1]},
    ):
        assert replace(split, **change).hash != split.hash, change


def test_apportioning_gives_largest_remainders_their_share():
    """10 in shares .55 : .25 : .20 is 5.5, 2.5, 2; the one that is left goes to one of the first two."""
    counts = apportion(10, np.array([0.55, 0.25, 0.20]), np.random.default_rng(0))
    assert counts.tolist() in ([6, 2, 2], [5, 3, 2])
    assert long_tail(3, 4) == pytest.approx([4 / 7, 2 / 7, 1 / 7])


def test_equal_remainders_are_rounded_up_at_random():
    """2 labels for 4 equal classes: each of the 6 pairs gets them, and not always the first two."""
    drawn = {tuple(apportion(2, np.ones(4), np.random.default_rng(seed)).tolist()) for seed in range(100)}
    assert len(drawn) == 6
    assert all(sorted(counts) == [0, 0, 1, 1] for counts in drawn)


def test_whole_shares_are_kept_where_rounding_falls_short():
    """0.29 · 100 is 28.999999999999996 in floating point, and no remainder of another class may get its image."""
    assert apportion(100, np.array([0.29, 0.71]), np.random.default_rng(0)).tolist() == [29, 71]


def test_rare_classes_train_by_the_defaults():
    """3 classes of 100 images and 7 of one: a tenth validates, 31 images, and no only one is among them."""
    s = store([100] * 3 + [1] * 7)
    for seed in range(20):
        split = make_split(s, labels="all", validation=0.1, seed=seed)
        assert per_class(s, split.labeled)[3:] == [1] * 7
        assert sorted(per_class(s, split.validation)) == [0] * 7 + [10, 10, 11]


def test_what_a_rare_class_cannot_give_goes_to_the_others():
    """96 labels of 90 and 10 images are 48 each; the second class has 10, and the first gives 86."""
    s = store([90, 10])
    assert per_class(s, make_split(s, labels=96, validation=0).labeled) == [86, 10]
    s = store([90, 3, 50, 1])
    assert per_class(s, make_split(s, labels=64, validation=0).labeled) == [30, 3, 30, 1]


def test_labels_that_cannot_be_equal_go_to_other_classes_with_another_seed():
    """7 labels for 3 classes are 3, 2, 2 in some order."""
    s = store([50, 50, 50])
    counts = [per_class(s, make_split(s, labels=7, validation=0, seed=seed).labeled) for seed in range(20)]
    assert {tuple(count) for count in counts} == {(3, 2, 2), (2, 3, 2), (2, 2, 3)}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"labels": 101}, "asks for 101 labels; toy has 100"),
        ({"labels": "some"}, "data.labels=some is not valid: it is a number"),
        ({"labels": 10, "validation": 10}, "none is left to train"),
        ({"labels": 10, "validation": 1.5}, "validation=1.5 is not valid: it is a whole number"),
        ({"labels": 10, "validation": float("nan")}, "validation=nan is not valid: it is a whole number"),
        ({"labels": 10, "validation": -1}, "validation=-1 is not valid"),
        ({"labels": 10, "validation": True}, "validation=True is not valid"),
        ({"labels": -1}, "labels=-1 is not valid: it is a whole number of at least 1 or text"),
        ({"labels": float("inf")}, "labels=inf is not valid"),
        ({"labels": True}, "labels=True is not valid"),
        ({"labels": 10**20}, "labels=100000000000000000000 is not valid"),
        ({"labels": "0/class"}, "takes all 0 labels"),
        ({"labels": 10, "unlabeled": -1}, "unlabeled=-1 is not valid: it is a whole number of at least 0 or text"),
        ({"labels": 10, "unlabeled": float("nan")}, "unlabeled=nan is not valid"),
        ({"labels": 10, "unlabeled": "some"}, "unlabeled=some is not valid"),
        ({"labels": 10, "strategy": "balanced"}, "strategy=balanced is not valid: it is class_balanced or random or"),
        ({"labels": 10, "imbalance": float("nan")}, "imbalance=nan is not valid"),
        ({"labels": 10, "seed": -1}, "seed=-1 is not valid: it is a whole number of at least 0"),
        ({"labels": 1, "validation": 0}, "no labeled image is left to train class"),
        ({"labels": "11/class", "validation": 0}, "has 10; use fewer, or data.labels=NUMBER, which takes what a rare"),
        ({"labels": 10, "validation": 9}, "9 validation images would take the only .* to at most 8, or raise"),
        ({"labels": 10, "unlabeled": 91}, "more than the 90 images that are left"),
        ({"labels": 10, "imbalance": 0.5}, "imbalance=0.5 is not valid: it is a number of at least 1 or"),
        ({"labels": 10, "imbalance": 5, "strategy": "random"}, "need data.strategy=class_balanced"),
        ({"labels": "9/head", "strategy": "random"}, "need data.strategy=class_balanced"),
        ({"labels": 10, "unlabeled_shape": "middle"}, "unlabeled_shape=middle needs data.unlabeled_imbalance above 1"),
        ({"labels": "99/head"}, "the split needs 99 images of class"),
    ],
)
def test_what_cannot_be_split_is_said_in_a_sentence(options, sentence):
    with pytest.raises(SemisupError, match=sentence):
        make_split(store([90, 10]), **options)


def test_a_run_refuses_another_split_than_the_one_it_started_with(tmp_path):
    s = store([50, 50])
    make_split(s, labels=10, seed=1).save(tmp_path, s)
    make_split(s, labels=10, seed=1).save(tmp_path, s)
    with pytest.raises(SemisupError, match="started with another split"):
        make_split(s, labels=10, seed=2).save(tmp_path, s)
