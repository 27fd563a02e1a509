"""K-means by hand, and against scikit-learn."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from semisup.core.errors import SemisupError
from semisup.labelers.kmeans import assign, kmeans
from semisup.labelers.points import nearest_neighbors


def column(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)[:, None]


def blobs(count: int = 3000, seed: int = 0) -> np.ndarray:
    """Eight overlapping heaps in 16 dimensions."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, 16)) + 2 * rng.normal(size=(8, 16))[rng.integers(8, size=count)]
    return points.astype(np.float32)


def gpus() -> int:
    import faiss

    return faiss.get_num_gpus()


def test_two_iterations_by_hand():
    """From 0 and 1: {0} {1, 10, 11}, so 0 and 22/3, to which 1 is the farther: 0 + 1 + 64/9 + 121/9 = 21.556.

    Then {0, 1} {10, 11}, so 1/2 and 21/2, and each point is 1/4 away: 1.
    """
    found = kmeans(column(0, 1, 10, 11), 2, iterations=2, init=column(0, 1))
    assert_allclose(found.objective, [194 / 9, 1], rtol=1e-6)
    assert_allclose(found.centroids, column(0.5, 10.5))
    assert_array_equal(found.assignment, [0, 0, 1, 1])
    assert_allclose(found.distance, [0.25] * 4)
    assert_array_equal(found.sizes, [2, 2])
    assert [a.dtype for a in (found.centroids, found.assignment, found.distance)] == [np.float32, np.int64, np.float32]


def test_scikit_learn_finds_the_same_objective_after_the_same_iterations():
    from sklearn.cluster import KMeans

    points = blobs()
    start = points[:20]
    found = kmeans(points, 20, iterations=6, init=start)
    reference = KMeans(20, init=start, n_init=1, max_iter=6, tol=0, algorithm="lloyd").fit(points)
    assert len(found.objective) == reference.n_iter_ == 6
    assert found.objective[-1] == pytest.approx(reference.inertia_, rel=1e-3)
    assert found.objective[0] > 1.01 * found.objective[-1]


def test_every_point_counts():
    """FAISS by itself looks at 256 points per cluster; the mean of 3,000 is that of all of them."""
    points = blobs()
    assert_allclose(kmeans(points, 1).centroids[0], points.mean(0), atol=1e-4)


def test_spherical_is_by_angle_whatever_the_lengths():
    """0° and 60° share a cluster: its centroid is at 30°, and each is 1 - cos 30° = 0.13397 away."""
    points = np.array([[1, 0], [50, 50 * 3**0.5], [-3, 0]], np.float32)
    found = kmeans(points, 2, spherical=True, init=np.array([[2, 0], [-1, 0]], np.float32))
    assert_array_equal(found.assignment, [0, 0, 1])
    assert_allclose(found.centroids, [[3**0.5 / 2, 0.5], [-1, 0]], atol=1e-6)
    assert_allclose(found.distance, [0.13397, 0.13397, 0], atol=1e-5)
    assert found.objective[-1] == pytest.approx(0.26795, abs=1e-5)


def test_no_distance_is_below_zero():
    """The cosine of a direction with itself comes out as 1.0000001 now and then."""
    found = kmeans(blobs(200), 200, spherical=True)
    assert_allclose(found.distance, 0, atol=1e-6)
    assert found.distance.min() == 0


def test_the_spherical_objective_falls():
    objective = kmeans(blobs(), 10, spherical=True, iterations=10).objective
    assert len(objective) == 10
    assert all(later <= earlier + 1e-3 for earlier, later in pairwise(objective))


@pytest.mark.parametrize("spherical", [False, True])
@pytest.mark.parametrize("spread", [1e-2, 1e-4, 1e-5])
def test_nearly_equal_vectors_are_clustered_as_well_as_others(spread, spherical):
    """Three groups around directions that differ by `spread`: squared distances of 1e-8 are below float32 beside 1."""
    rng = np.random.default_rng(0)
    group, groups = np.arange(300) % 3, rng.normal(size=(3, 8))
    offset = groups[group] + 0.1 * rng.normal(size=(300, 8))
    points = (np.full(8, 8**-0.5) + spread * offset).astype(np.float32)
    found = kmeans(points, 3, restarts=5, spherical=spherical)
    assert len({*zip(found.assignment.tolist(), group.tolist(), strict=True)}) == 3
    again, distance = assign(points, found.centroids, spherical=spherical)
    assert_array_equal(again, found.assignment)
    if spherical:
        offset -= offset.mean(1, keepdims=True)  # the part along the direction changes no angle
        assert_allclose(np.linalg.norm(found.centroids, axis=1), 1, atol=1e-6)
    within = np.mean([((offset[group == g] - offset[group == g].mean(0)) ** 2).sum(1).mean() for g in range(3)])
    assert distance.mean() == pytest.approx(within * spread**2 / (2 if spherical else 1), rel=0.05)


def test_vectors_that_differ_by_rounding_errors_alone_are_refused():
    points = np.full((300, 8), 8**-0.5, np.float32)
    points[::2] = np.nextafter(points[::2], np.float32(1))
    points[:100] = np.nextafter(points[:100], np.float32(0))
    with pytest.raises(SemisupError, match="which float32 does not resolve: they do not distinguish the images"):
        kmeans(points, 3)


def test_a_capped_sample_is_fitted_and_all_points_are_assigned():
    """As many points as clusters: each centroid is a point, and of ten points two have their own."""
    points = column(*range(10))
    found = kmeans(points, 2, max_points=2)
    assert set(found.centroids[:, 0].tolist()) <= set(range(10))
    assert found.objective == [0]
    assert found.sizes.sum() == 10
    assert (found.distance == 0).sum() == 2
    assert kmeans(points, 2, max_points=500).objective == kmeans(points, 2).objective


def test_the_same_seed_gives_the_same_clusters_and_another_seed_others():
    points = blobs()
    one, same, other = (kmeans(points, 10, iterations=3, max_points=1000, seed=seed) for seed in (1, 1, 2))
    assert_array_equal(one.centroids, same.centroids)
    assert_array_equal(one.assignment, same.assignment)
    assert not np.array_equal(one.centroids, other.centroids)


def test_restarts_keep_the_best():
    """The first of eight is the only one of one; one of the others is better here."""
    points = blobs(600)
    once = kmeans(points, 8, iterations=30).objective[-1]
    assert kmeans(points, 8, iterations=30, restarts=8).objective[-1] < 0.99 * once


def test_duplicates_do_not_leave_clusters_empty():
    """FAISS by itself starts from images drawn at random, here three times the same one of 98, and cannot split it."""
    assert sorted(kmeans(column(*[0] * 98, 1, -1), 3).sizes) == [1, 1, 98]


def test_centroids_given_are_completed_with_other_points():
    found = kmeans(column(0, 0, 0, 5, 9), 3, init=column(0))
    assert_array_equal(found.sizes, [3, 1, 1])
    assert_array_equal(found.centroids[0], [0])


def test_embeddings_mapped_from_a_file_give_the_same(tmp_path):
    points = blobs(500)
    np.save(tmp_path / "features.npy", points)
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    for options in ({}, {"spherical": True}, {"max_points": 200}):
        expected, found = (kmeans(p, 5, **options) for p in (points, mapped))
        assert_array_equal(found.centroids, expected.centroids)
        assert_array_equal(found.distance, expected.distance)


def test_neighbors_are_the_nearest_first():
    distance, row = nearest_neighbors(column(4), column(0, 5, 10), 2)
    assert_array_equal(row, [[1, 0]])
    assert_allclose(distance, [[1, 16]])


def test_new_points_go_to_the_nearest_centroid():
    nearest, distance = assign(column(2, 9), column(0, 10))
    assert_array_equal(nearest, [0, 1])
    assert_allclose(distance, [4, 1])


@pytest.mark.skipif(gpus() > 0, reason="there is a GPU")
def test_insisting_on_a_gpu_without_one_is_one_sentence():
    with pytest.raises(SemisupError, match="FAISS finds no GPU"):
        kmeans(column(0, 1, 2), 2, gpu=True)
    assert_array_equal(
        kmeans(column(0, 1, 9), 2, gpu="auto").centroids, kmeans(column(0, 1, 9), 2, gpu=False).centroids
    )


@pytest.mark.skipif(gpus() == 0, reason="no GPU")
def test_a_gpu_finds_the_same_objective():
    points = blobs()
    on_cpu, on_gpu = (kmeans(points, 20, init=points[:20], gpu=gpu).objective[-1] for gpu in (False, True))
    assert on_gpu == pytest.approx(on_cpu, rel=1e-3)


@pytest.mark.parametrize(
    ("points", "k", "options", "sentence"),
    [
        (column(0, 1, 2), 4, {}, "cannot make 4 clusters of 3 points; ask for at most 3"),
        (column(0, 1, 2, 3), 3, {"max_points": 2}, "cannot make 3 clusters of 2 points"),
        (column(0, 1, 1, 1, 0), 3, {}, "cannot make 3 clusters of 2 distinct points"),
        (column(7, 7, 7), 1, {}, "all 3 embeddings are the same"),
        (column(0, 1, float("nan"), 3), 2, {}, "row 2 holds a NaN, an infinity"),
        (column(0, float("inf"), 2, 3), 2, {}, "row 1 holds a NaN, an infinity"),
        (column(1, 2, 0, 3), 2, {"spherical": True}, "row 2 is all zeros"),
        (column(0, 1).astype(np.float64), 2, {}, r"in float32; got float64 of shape \(2, 1\)"),
        (np.zeros(4, np.float32), 2, {}, r"got float32 of shape \(4,\)"),
        (np.zeros((0, 3), np.float32), 2, {}, r"of shape \(0, 3\)"),
        (column(0, 1, 2), 0, {}, "kmeans: k=0 is not valid: it is a whole number of at least 1"),
        (column(0, 1, 2), 2, {"iterations": 0}, "iterations=0 is not valid"),
        (column(0, 1, 2), 2, {"restarts": 0}, "restarts=0 is not valid"),
        (column(0, 1, 2), 2, {"init": column(0, 1, 2)}, r"at most 2 x 1 centroids; got \(3, 1\)"),
        (column(0, 1, 2), 2, {"init": np.ones((1, 2), np.float32)}, r"at most 2 x 1 centroids; got \(1, 2\)"),
        (column(1e30, -1e30, 2e30), 2, {}, "row 0 holds .* too large to square in float32"),
    ],
)
def test_what_cannot_be_clustered_is_one_sentence(points, k, options, sentence):
    with pytest.raises(SemisupError, match=sentence):
        kmeans(points, k, **options)
