"""The tables that scikit-learn ships, as stores."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import datasets

from semisup.config.resolve import complete
from semisup.core.errors import SemisupError
from semisup.data.sources import bundled_table

TABLES = [
    ("breast_cancer", datasets.load_breast_cancer, (569, 30), ("malignant", "benign")),
    ("wine", datasets.load_wine, (178, 13), ("class_0", "class_1", "class_2")),
    ("iris", datasets.load_iris, (150, 4), ("setosa", "versicolor", "virginica")),
    ("digits_table", datasets.load_digits, (1797, 64), tuple("0123456789")),
]


@pytest.mark.parametrize(("name", "load", "shape", "classes"), TABLES)
def test_every_row_is_kept_with_its_class_and_a_fifth_of_each_class_is_the_test_set(
    tmp_path, name, load, shape, classes
):
    store, source = bundled_table(tmp_path, name=name), load()
    assert (store.name, store.classes, store.shape) == (name, classes, shape[1:])
    assert (store.images.dtype, store.targets.dtype) == (np.float32, np.int64)
    assert_array_equal(np.bincount(store.test_targets), np.round(np.bincount(source.target) * 0.2))
    values = np.concatenate([store.images, store.test_images])
    both = np.column_stack([values, np.concatenate([store.targets, store.test_targets])])
    expected = np.column_stack([source.data.astype(np.float32), source.target])
    assert both.shape == (shape[0], shape[1] + 1)
    assert_array_equal(both[np.lexsort(both.T)], expected[np.lexsort(expected.T)])


def test_the_test_set_is_the_same_each_time(tmp_path):
    first, again = (bundled_table(tmp_path / place, name="wine") for place in ("here", "there"))
    assert_array_equal(first.test_images, again.test_images)
    assert first.fingerprint == again.fingerprint == bundled_table(tmp_path / "here", name="wine").fingerprint


def test_a_wrong_name_is_answered_with_the_nearest(tmp_path, config):
    with pytest.raises(SemisupError, match=r"data\.name=whine is not valid; did you mean 'wine'"):
        complete(config("data=wine", "data.name=whine"))
    with pytest.raises(SemisupError, match="name=whine is not valid: it is breast_cancer or wine or"):
        bundled_table(tmp_path, name="whine")


def test_a_run_is_named_after_its_table(run, tmp_path):
    run("data=wine", "data.labels=30", "data.validation=15", "method=supervised")
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if not path.name.startswith("."))
    assert folder.name.startswith("wine-30-supervised-mlp-seed0-")
