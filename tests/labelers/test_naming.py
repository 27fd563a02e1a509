"""Names of clusters by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from semisup.labelers.naming import count_votes, greedy, majority, optimal, purity


def votes(*rows: list[int]) -> np.ndarray:
    return np.array(rows, np.int64)


def test_only_labeled_images_vote():
    cluster, label = np.array([0, 0, 1, 1, 1, 2]), np.array([1, -1, 0, 1, 1, -1])
    assert_array_equal(count_votes(cluster, label, 3, 2), [[0, 1], [1, 2], [0, 0]])


def test_majority_names_several_clusters_alike_and_the_first_class_of_equals():
    assert_array_equal(majority(votes([1, 3], [0, 5], [2, 2], [0, 0])), [1, 1, 0, -1])


def test_greedy_and_optimal_differ():
    """Greedy takes the 5, and cluster 1 has no vote for the class left: 5 agree. 4 + 4 = 8 is the most."""
    table = votes([5, 4], [4, 0])
    assert_array_equal(greedy(table), [0, -1])
    assert_array_equal(optimal(table), [1, 0])
    assert_array_equal(majority(table), [0, 0])


def test_greedy_takes_the_most_votes_first():
    """9 (cluster 2, class 0), then 6 (cluster 0, class 1), then 1 (cluster 1, class 2)."""
    assert_array_equal(greedy(votes([8, 6, 5], [7, 5, 1], [9, 6, 0])), [1, 2, 0])


def test_among_equals_greedy_takes_the_first_cluster_and_then_the_first_class():
    assert_array_equal(greedy(votes([2, 2], [2, 2])), [0, 1])
    assert_array_equal(greedy(votes([0, 2], [2, 2])), [1, 0])


@pytest.mark.parametrize("one_to_one", [greedy, optimal])
def test_more_clusters_than_classes_leave_some_without_a_name(one_to_one):
    assert_array_equal(one_to_one(votes([3, 0], [9, 1], [2, 4])), [-1, 0, 1])


@pytest.mark.parametrize("one_to_one", [greedy, optimal])
def test_more_classes_than_clusters_leave_some_without_a_cluster(one_to_one):
    assert_array_equal(one_to_one(votes([3, 0, 1], [9, 1, 0])), [2, 0])


@pytest.mark.parametrize("namer", [majority, greedy, optimal])
def test_nobody_gets_a_name_without_a_vote_for_it(namer):
    table = votes([0, 0, 0], [0, 0, 4])
    name = namer(table)
    assert_array_equal(name, [-1, 2])
    assert name.dtype == np.int64
    assert_array_equal(table, [[0, 0, 0], [0, 0, 4]])


def test_purity_is_the_share_of_the_name():
    """3 of 4; 1 of 4, where the name is not that of most; nothing without a name; no votes."""
    table = votes([3, 1], [3, 1], [2, 0], [0, 0])
    assert_allclose(purity(table, np.array([0, 1, -1, 0])), [0.75, 0.25, 0, 0])


def test_smoothing_adds_votes_in_equal_parts():
    """Two votes more, one a class: (3 + 1) / 6, (1 + 1) / (1 + 2), and 1 / 2 where nobody voted."""
    found = purity(votes([3, 1], [1, 0], [0, 0]), np.array([0, 0, 1]), smoothing=2)
    assert_allclose(found, [2 / 3, 2 / 3, 1 / 2], rtol=1e-6)
    assert found.dtype == np.float32
