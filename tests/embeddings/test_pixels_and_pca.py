"""Pixels and their principal components, against the plain view, scikit-learn and paper."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import decomposition

from semisup.core.errors import SemisupError
from semisup.embeddings import PCAEmbedding, PixelEmbedding
from semisup.embeddings.plain import plain_views
from semisup.embeddings.projection import PrincipalComponents

ROWS = np.random.default_rng(1).permutation(120)[:90]


def points(*rows):
    """What `fit` reads: points in the plane, in two blocks."""
    values = np.array(rows, np.float32)
    return lambda: iter((values[:1], values[1:]))


def test_pixels_are_the_plain_view_channel_by_channel(store):
    views = plain_views(store).apply("plain", torch.from_numpy(store.images[ROWS]), {})
    features = PixelEmbedding()(store, ROWS)
    assert features.dtype == np.float32
    assert_array_equal(features.reshape(90, 3, 16, 16), views.numpy())
    image = store.images[ROWS[4]].transpose(2, 0, 1) / 255
    expected = (image - np.array(store.mean)[:, None, None]) / np.array(store.std)[:, None, None]
    assert_allclose(features[4].reshape(3, 16, 16), expected, atol=1e-5)


def test_pixels_of_a_table_are_its_standardized_columns(table):
    features = PixelEmbedding()(table, np.arange(30))
    assert_allclose(features.mean(0), 0, atol=1e-5)
    assert_allclose(features.std(0), 1, atol=1e-5)


@pytest.mark.parametrize("whiten", [True, False])
def test_pca_is_that_of_scikit_learn(store, whiten):
    """In blocks of 1024 rows here one block; their signs are ours up to the sign of each component."""
    ours = PCAEmbedding(components=7, whiten=whiten)(store, ROWS)
    theirs = decomposition.PCA(7, whiten=whiten, svd_solver="full").fit_transform(PixelEmbedding()(store, ROWS))
    signs = np.sign((ours * theirs).sum(0))
    assert_allclose(ours * signs, theirs, atol=1e-4 * np.abs(theirs).max())


def test_the_share_of_variance_keeps_as_many_components_as_scikit_learn(store):
    for variance in (0.5, 0.8, 0.95):
        theirs = decomposition.PCA(variance, svd_solver="full").fit(PixelEmbedding()(store, ROWS))
        assert PCAEmbedding(variance=variance)(store, ROWS).shape[1] == theirs.n_components_


def test_components_by_hand():
    """(±2, 0) and (0, ±1) about (10, 20): variances 8/3 along x, 2/3 along y; x alone holds 80 %.

    (12, 20) is 2 along x, whitened 2 / sqrt(8/3) = 1.224745.
    """
    read = points((12, 20), (8, 20), (10, 21), (10, 19))
    assert PrincipalComponents(variance=0.79).fit(read).matrix.shape == (2, 1)
    assert PrincipalComponents(variance=0.81).fit(read).matrix.shape == (2, 2)
    plain, white = (PrincipalComponents(components=2, whiten=w).fit(read)(next(read())) for w in (False, True))
    assert_allclose(plain, [[2, 0]], atol=1e-6)
    assert_allclose(white, [[1.224745, 0]], atol=1e-6)


def test_the_largest_loading_of_a_component_is_positive():
    """Points along (1, -2): the component is (-1, 2) / √5, so that (1, -2) is at -√5."""
    read = points((1, -2), (-1, 2), (2, -4), (-2, 4))
    projection = PrincipalComponents().fit(read)
    assert projection.matrix.shape == (2, 1), "there is no second direction"
    assert_allclose(PrincipalComponents(whiten=False).fit(read)(next(read())), [[-(5**0.5)]], rtol=1e-6)


def test_blocks_do_not_change_the_components():
    """Columns far from 0, where the mean of squares minus the squared mean would be nothing but rounding."""
    values = (1e4 + np.random.default_rng(0).normal(size=(500, 6))).astype(np.float32)
    one = PrincipalComponents().fit(lambda: iter([values]))
    many = PrincipalComponents().fit(lambda: iter(np.split(values, [3, 200, 201])))
    assert_allclose(many.mean, one.mean, rtol=1e-12)
    assert_allclose(many.matrix, one.matrix, rtol=1e-6)
    assert_allclose(np.cov(one(values).T), np.eye(6), atol=1e-4)


def test_pca_fitted_on_a_sample_is_the_same_for_a_seed_and_embeds_all_images(store):
    one, same, other = (PCAEmbedding(components=4, sample=40, seed=seed)(store, ROWS) for seed in (0, 0, 1))
    assert one.shape == (90, 4)
    assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_whitened_pixels_are_their_whitened_components(store):
    assert_array_equal(PixelEmbedding(whiten=5)(store, ROWS), PCAEmbedding(components=5)(store, ROWS))
    assert PixelEmbedding(whiten=True)(store, ROWS).shape[1] == 89, "90 points about their mean"


@pytest.mark.parametrize(
    "embedding",
    [PixelEmbedding(normalize=True), PCAEmbedding(normalize=True), PixelEmbedding(normalize=True, whiten=3)],
)
def test_normalized_vectors_have_length_1(store, embedding):
    assert_allclose(np.linalg.norm(embedding(store, ROWS), axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: PCAEmbedding(variance=0), "variance=0 is not valid: it is a number above 0 and at most 1"),
        (lambda: PCAEmbedding(components=0), "components=0 is not valid: it is a whole number of at least 1"),
        (lambda: PCAEmbedding(sample=1), "sample=1 is not valid: it is a whole number of at least 2"),
        (
            lambda: PixelEmbedding(whiten=0),
            "whiten=0 is not valid: it is true or false or a whole",
        ),
    ],
)
def test_sentences(make, sentence):
    with pytest.raises(SemisupError, match=sentence):
        make()


def test_what_has_no_components(store):
    with pytest.raises(SemisupError, match="have 89 principal components, not 100"):
        PCAEmbedding(components=100)(store, ROWS)
    with pytest.raises(SemisupError, match="the embeddings of all images are the same"):
        PCAEmbedding()(replace(store, images=np.full((5, 16, 16, 3), 7, np.uint8)), np.arange(5))
    with pytest.raises(SemisupError, match="no images of toy to embed"):
        PCAEmbedding()(store, ROWS[:0])
