"""The map of an embedding, by hand."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from semisup.embeddings.map import first_components, map_positions


def test_the_components_are_the_directions_of_most_variance():
    """Points on a line in the plane y = x, ten apart: the first component is √2 times each step; nothing is left."""
    found = first_components(np.array([[0, 0], [10, 10], [20, 20]], np.float32))
    assert_allclose(np.abs(found), [[200**0.5, 0], [0, 0], [200**0.5, 0]], atol=1e-4)
    assert_allclose(first_components(np.array([[1], [3]], np.float32)), [[-1, 0], [1, 0]])


def test_of_a_whitened_embedding_the_first_two_columns_are_taken():
    rng = np.random.default_rng(0)
    white = rng.normal(size=(5000, 6)).astype(np.float32)
    assert_allclose(first_components(white), white[:, :2] - white[:, :2].mean(0), atol=1e-6)
    white[:, 4] *= 3
    assert abs(np.corrcoef(first_components(white)[:, 0], white[:, 4])[0, 1]) > 0.99


def test_of_many_images_the_seed_draws_5000_and_the_components_are_theirs():
    features = np.random.default_rng(0).normal(size=(5001, 3)).astype(np.float32) * [3, 2, 1]
    rows, position = map_positions(features.astype(np.float32), seed=1)
    assert_array_equal(rows, np.sort(np.random.default_rng(1).choice(5001, 5000, replace=False)))
    assert_allclose(position, first_components(features[rows].astype(np.float32)), rtol=1e-6)
    assert position.dtype == np.float32


def test_of_few_images_all_are_on_the_map():
    rows, position = map_positions(np.eye(3, dtype=np.float32))
    assert rows.tolist() == [0, 1, 2]
    assert position.shape == (3, 2)
