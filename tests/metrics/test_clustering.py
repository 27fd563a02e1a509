"""Figures of a clustering by hand."""

import json

import numpy as np
import pytest

from semisup.metrics.clustering import cluster_quality

CLASSES = ("ant", "bee", "cow")


def pseudo_label_metrics(assignment: list[int], truth: list[int], names: list[int]) -> dict:
    return cluster_quality(np.array(assignment), np.array(truth), np.array(names), CLASSES)


def test_six_images_by_hand():
    """Cluster 0: ant ant bee; cluster 1: bee bee bee. Purity (2 + 3) / 6.

    Of 15 pairs, 1 + 3 are together in both; 3 + 3 in clusters and 1 + 6 in classes: (4 - 2.8) / (6.5 - 2.8) = 0.32432.
    Entropies: log 2 of clusters, 0.63651 of classes (2 : 4), 1.01140 of both (2 : 1 : 3 of 6): they share 0.31826, of
    a mean of 0.66483: 0.47870.
    """
    found = pseudo_label_metrics([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1], [0, 1])
    assert found["purity"] == pytest.approx(5 / 6)
    assert found["adjusted_rand_index"] == pytest.approx(1.2 / 3.7)
    assert found["normalized_mutual_information"] == pytest.approx(0.47870, abs=1e-5)


def test_purity_is_of_the_classes_and_not_of_the_names():
    """Two clusters of ants and one of bees are pure, whatever they are called."""
    assert pseudo_label_metrics([0, 0, 1, 1, 2], [0, 0, 0, 0, 1], [2, 2, -1])["purity"] == 1


def test_images_of_unknown_class_count_in_the_sizes_only():
    found = pseudo_label_metrics([0, 0, 0, 1, 3], [0, 0, -1, 1, -1], [0, 1, -1, -1])
    assert found["purity"] == 1
    assert found["adjusted_rand_index"] == 1
    assert found["sizes"] == [3, 1, 0, 1]
    assert (found["clusters"], found["empty"], found["unnamed"]) == (4, 1, 2)


def test_classes_that_no_cluster_stands_for_are_named():
    assert pseudo_label_metrics([0, 1], [0, 2], [1, -1])["missing_classes"] == ["ant", "cow"]
    assert pseudo_label_metrics([0, 1, 2], [0, 1, 2], [2, 1, 0])["missing_classes"] == []


def test_without_truth_there_are_no_figures_of_it_and_all_is_ready_for_json():
    found = pseudo_label_metrics([0, 1], [-1, -1], [0, 1])
    assert found["purity"] is found["normalized_mutual_information"] is found["adjusted_rand_index"] is None
    assert json.loads(json.dumps(found)) == found
    assert json.loads(json.dumps(known := pseudo_label_metrics([0, 1], [0, 1], [0, 1]))) == known
