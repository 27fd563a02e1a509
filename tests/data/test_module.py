"""The data module, and what it may not know."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from semisup.core.errors import SemisupError
from semisup.data import Batch, SSLDataModule
from semisup.data.sources import bundled_table, digits
from semisup.methods import PseudoLabel, Supervised


def test_nothing_of_the_hidden_labels_can_be_reached_through_the_data_module(data_dir):
    """Two data modules, one of true and one of scrambled hidden labels, are the same down to the last byte."""
    store = digits(data_dir)
    data = SSLDataModule(store, labels=60, validation=20)
    scrambled = store.targets.copy()
    scrambled[data.split.unlabeled] = (scrambled[data.split.unlabeled] + 1) % 10
    other = SSLDataModule(replace(store, targets=scrambled), split=data.split)
    assert pickle.dumps(data) == pickle.dumps(other)
    assert (data.store.targets[data.split.unlabeled] == -1).all()
    assert (data.store.targets[data.split.known] == store.targets[data.split.known]).all()


def test_batches_hold_the_views_a_method_asks_for_and_no_label_of_an_unlabeled_image(data_dir):
    data = SSLDataModule(digits(data_dir), labels=60, batch_size=4, ratio=3, flip=False, padding=1)

    class Both(PseudoLabel):
        views = ("weak", "strong", "weak_2")

    raw = {name: stream.batch(0) for name, stream in data.streams(Both).items()}
    batch = data.on_after_batch_transfer(raw, 0)
    assert set(batch["labeled"]) == {"image", "label", "index"}
    assert set(batch["unlabeled"]) == {"weak", "strong", "weak_2", "target", "weight", "index"}
    assert batch["labeled"].image.shape == (4, 1, 8, 8)
    assert batch["unlabeled"].strong.shape == (12, 1, 8, 8)
    assert not torch.equal(batch["unlabeled"].weak, batch["unlabeled"].weak_2)
    assert (batch["unlabeled"].target == -1).all()
    assert (batch["unlabeled"].weight == 0).all()
    assert set(data.streams(Supervised)) == {"labeled"}


def test_rotation_and_zoom_are_options_of_images_only(data_dir):
    options = {"labels": 20, "validation": 0, "rotation": 10, "zoom": 0.1}
    views = SSLDataModule(digits(data_dir), padding=1, **options).views
    assert (views.rotation, views.zoom) == (10, 0.1)
    assert {"angle", "factor"} < views.draw_aug_params("weak", np.random.default_rng(0), 2).keys()
    rows = SSLDataModule(bundled_table(data_dir, name="wine"), **options).views
    assert rows.draw_aug_params("weak", np.random.default_rng(0), 2).keys() == {"noise"}


def test_prediction_sees_all_images_of_the_split_once_without_a_label(data_dir):
    data = SSLDataModule(digits(data_dir), labels=60)
    labels = torch.cat([batch["label"] for batch in data.predict_dataloader()])
    index = torch.cat([batch["index"] for batch in data.predict_dataloader()])
    assert (labels == -1).all()
    assert sorted(index.tolist()) == sorted([*data.split.known, *data.split.unlabeled])


def test_labeled_images_join_the_unlabeled_stream_only_if_they_should(data_dir):
    store = digits(data_dir)
    apart = SSLDataModule(store, labels=60, labeled_in_unlabeled=False)
    assert not np.intersect1d(apart.split.stream, apart.split.known).size
    joined = SSLDataModule(store, labels=60)
    assert np.intersect1d(joined.split.stream, joined.split.known).tolist() == joined.split.labeled.tolist()


def test_a_fractional_ratio_is_rounded_to_images(data_dir):
    """6 labeled images: .5 is 3, .25 is 2 (of 1.5), and .01 is at least 1."""
    store = digits(data_dir)
    for ratio, expected in ((0.5, 3), (0.25, 2), (0.01, 1), (2, 12)):
        streams = SSLDataModule(store, labels=60, batch_size=6, ratio=ratio).streams(PseudoLabel)
        assert len(streams["unlabeled"].batch(0)["index"]) == expected


def test_a_batch_is_divided_in_order_and_only_into_equal_parts():
    batch = Batch(weak=torch.arange(6.0), index=torch.arange(6))
    assert [part.index.tolist() for part in batch.divide(3)] == [[0, 1], [2, 3], [4, 5]]
    assert Batch().divide(2) == [{}, {}]
    with pytest.raises(
        SemisupError, match=r"^a batch of 6 images cannot be divided into trainer\.micro_batches=4 equal"
    ):
        batch.divide(4)


def test_a_misread_name_of_a_batch_says_what_there_is():
    with pytest.raises(AttributeError, match="this batch has weak, and no 'wek'"):
        _ = Batch(weak=torch.zeros(1)).wek
