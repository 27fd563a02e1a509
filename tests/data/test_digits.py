"""scikit-learn's digits as a store."""

import numpy as np
from numpy.testing import assert_array_equal
from sklearn.datasets import load_digits

from semisup.data.sources import digits


def test_digits_are_scaled_to_bytes_and_a_fifth_of_each_class_is_the_test_set(tmp_path):
    store = digits(tmp_path)
    counts = np.bincount(load_digits().target)
    assert_array_equal(np.bincount(store.test_targets), np.round(counts * 0.2))
    assert_array_equal(np.bincount(store.targets) + np.bincount(store.test_targets), counts)
    both = np.concatenate([store.images, store.test_images]).reshape(-1, 64)
    expected = np.round(load_digits().data / 16 * 255).astype(np.uint8)
    assert_array_equal(both[np.lexsort(both.T)], expected[np.lexsort(expected.T)])
    assert digits(tmp_path).fingerprint == store.fingerprint
