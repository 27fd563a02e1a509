"""Votes by hand, and several networks kept apart."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from semisup.core.errors import SemisupError
from semisup.labelers import CurriculumLabeler, LabelerInputs, LabelPropagation, MixtureLabeler, VoteLabeler
from semisup.labelers.vote import vote


def test_a_member_that_agrees_with_nobody_is_outvoted_by_hand():
    """On four unlabeled images, A and B agree on all, C with neither: weights 4 + 0, 4 + 0, 0, so 1/2, 1/2, 0.

    Image 0: A (.9, .1) and B (.6, .4) vote for class 0: 1/2 · (1, 0) + 1/2 · (.75, .25) = (.875, .125).
    """
    a, b, c = (np.array([[p, 1 - p]] * 4, np.float32) for p in (0.9, 0.6, 0.0))
    assert_allclose(vote([a, b, c], np.ones(4, bool)), [[0.875, 0.125]] * 4, rtol=1e-6)


def test_agreement_is_that_of_unlabeled_images():
    """C agrees with A on the three labeled images, and with B on the unlabeled one: A has no weight."""
    a = np.array([[1, 0], [1, 0], [1, 0], [1, 0]], np.float32)
    b = 1 - a
    c = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    assert_allclose(vote([a, b, c], np.arange(4) == 3)[3], [0, 1], atol=1e-6)


def test_probabilities_decide_between_equal_votes():
    a, b = np.array([[0.9, 0.1]], np.float32), np.array([[0.4, 0.6]], np.float32)
    assert_allclose(vote([a, b], np.ones(1, bool)), [[(1 + 1.3) / 4, (1 + 0.7) / 4]], rtol=1e-6)


def two_networks() -> tuple[LabelerInputs, np.ndarray]:
    """The first network tells class 0 from the others, the second class 2: together all three are told apart."""
    rng = np.random.default_rng(0)
    true = np.arange(60) % 3
    points = rng.normal(0, 0.1, (60, 5))
    points[:, 0] += 2 * (true == 0)
    points[:, 3] += 20 * (true == 2)
    points[:, [1, 4]] += 1, 10
    label = np.where(np.arange(60) < 6, true, -1)
    return LabelerInputs(np.arange(60), label, features=points.astype(np.float32), classes=3), true


def test_each_member_labels_by_each_network():
    """The vote is that of the members on the columns of one network and of the other."""
    images, _ = two_networks()
    first, second = (np.ascontiguousarray(part) for part in (images.features[:, :2], images.features[:, 2:]))
    votes = [
        member().probabilities(LabelerInputs(images.index, images.label, features=part), 3)
        for part in (first, second)
        for member in (LabelPropagation, CurriculumLabeler)
    ]
    found = VoteLabeler(members=["propagation", "curriculum"], blocks=[2, 3]).probabilities(images, 3)
    assert_array_equal(found, vote(votes, images.label < 0))


def test_a_vote_of_all_names_separate_classes():
    images, true = two_networks()
    assert (VoteLabeler()(images).target == true).mean() > 0.95
    assert not VoteLabeler()(images).weight[:6].any()


def test_one_member_on_two_networks_is_a_vote():
    images, _ = two_networks()
    assert VoteLabeler(members=["mixture"], blocks=[2, 3]).probabilities(images, 3).shape == (60, 3)
    assert MixtureLabeler().probabilities(images, 3).shape == (60, 3)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"members": ["mixture"]}, r"labeler\.members=\['mixture'\]: a vote needs two different labelers"),
        ({"members": ["mixture", "mixture"]}, "a vote needs two different labelers"),
        ({"members": ["mixtrue", "mixture"]}, "members="),
        ({"blocks": [0, 5]}, "blocks="),
    ],
)
def test_a_vote_that_is_none_is_one_sentence(options, sentence):
    with pytest.raises(SemisupError, match=sentence):
        VoteLabeler(**options)


def test_blocks_that_do_not_add_up_are_one_sentence():
    images, _ = two_networks()
    with pytest.raises(SemisupError, match=r"labeler\.blocks=\[2, 2\]: images have 5 numbers each"):
        VoteLabeler(blocks=[2, 2])(images)
