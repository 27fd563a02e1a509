"""K-means with FAISS, on the CPU or on every GPU that FAISS finds."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from semisup.core.errors import SemisupError
from semisup.core.ranges import PositiveInt, Seed, enforce_ranges
from semisup.labelers.points import Floats, Gpu, Integers, checked_points, count_gpus, find_center, nearest_neighbors


@dataclass(frozen=True)
class Clustering:
    """N points in k clusters.

    Args:
        centroids: (k, D) float32; if spherical, of length 1.
        assignment: Each point's nearest centroid, (N,) int64.
        distance: To that centroid, (N,) float32: the squared Euclidean distance, or, if spherical, 1 - cosine.
        sizes: How many points are in each cluster, (k,) int64; 0 is possible.
        objective: The sum of the distances of the fitted points after each iteration. There are fewer iterations if
            nothing moves any more.
    """

    centroids: Floats
    assignment: Integers
    distance: Floats
    sizes: Integers
    objective: list[float]


@enforce_ranges
def kmeans(
    features: Floats,
    k: PositiveInt,
    *,
    iterations: PositiveInt = 20,
    restarts: PositiveInt = 1,
    spherical: bool = False,
    seed: Seed = 0,
    init: Floats | None = None,
    max_points: PositiveInt | None = None,
    gpu: Gpu = "auto",
) -> Clustering:
    """Clusters points by Lloyd's iterations.

    Points that are much nearer to each other than to zero are centered first, as float32 distances would cancel. If the
    clusters are spherical, such points are clustered by Euclidean distance, which then is that of their angles.

    The same seed gives the same clusters on one machine. FAISS splits another cluster if one becomes empty. Points are
    copied if `max_points` draws some of them, if they are not C-contiguous, or if they are not of length 1 and the
    clusters are spherical.

    Args:
        features: The points, (N, D) float32, perhaps mapped from a file.
        k: The number of clusters.
        iterations: At most.
        restarts: How often to start, of which the lowest objective is taken.
        spherical: Whether to cluster by angle, with rows scaled to length 1.
        seed: Of everything that is drawn.
        init: The first centroids, (m, D) float32 with m ≤ k; the others are distinct points that are drawn.
        max_points: Fit on so many points, which are drawn, and assign all; None for all.
        gpu: 'auto' uses all GPUs that FAISS finds; true requires one.

    Returns:
        All points in k clusters.

    Raises:
        SemisupError: If the points cannot be clustered: one is not finite, all are the same, or there are fewer
            distinct ones than clusters, or they differ by less than float32 resolves.
    """
    points = checked_points(features, spherical)
    count = len(points) if max_points is None else min(max_points, len(points))
    if count < k:
        raise SemisupError(f"k-means cannot make {k} clusters of {count} points; ask for at most {count}.")
    rng = np.random.default_rng(seed)
    fitted = points if count == len(points) else points[np.sort(rng.choice(len(points), count, replace=False))]
    given = np.zeros((0, points.shape[1]), np.float32) if init is None else checked_points(init, spherical)
    if len(given) > k or given.shape[1] != points.shape[1]:
        raise SemisupError(f"k-means starts from at most {k} x {points.shape[1]} centroids; got {given.shape}.")

    center = find_center(fitted)
    best: Clustering | None = None
    for _ in range(restarts):
        start = np.concatenate([given, _distinct(fitted, k, rng, given)])  # (k, D)
        found = _lloyd(fitted, start, center, iterations, spherical, gpu)
        if best is None or found.objective[-1] < best.objective[-1]:
            best = found
    assert best is not None
    if fitted is points:
        return best
    return reassigned(best, points, spherical=spherical, gpu=gpu)


def reassigned(clustering: Clustering, features: Floats, *, spherical: bool = False, gpu: Gpu = "auto") -> Clustering:
    """Assigns other points to the same centroids.

    Args:
        clustering: Has the centroids, and its objective is kept.
        features: The points, (N, D) float32.
        spherical: As in `kmeans`.
        gpu: As in `kmeans`.

    Returns:
        These points in k clusters.
    """
    assignment, distance = assign(features, clustering.centroids, spherical=spherical, gpu=gpu)
    sizes = np.bincount(assignment, minlength=len(clustering.centroids))
    return Clustering(clustering.centroids, assignment, distance, sizes, clustering.objective)


def assign(
    features: Floats, centroids: Floats, *, spherical: bool = False, gpu: Gpu = "auto"
) -> tuple[Integers, Floats]:
    """Finds the nearest centroid of each point.

    Args:
        features: The points, (N, D) float32.
        centroids: (k, D) float32.
        spherical: As in `kmeans`.
        gpu: As in `kmeans`.

    Returns:
        The centroids' numbers, (N,) int64, and the distances to them, (N,) float32, as in Clustering.
    """
    return _assign(checked_points(features, spherical), centroids, spherical, gpu)


def _assign(points: Floats, centroids: Floats, spherical: bool, gpu: Gpu) -> tuple[Integers, Floats]:
    by_angle = spherical and find_center(centroids) is None
    nearness, nearest = nearest_neighbors(points, centroids, 1, inner_product=by_angle, gpu=gpu)
    distance = 1 - nearness[:, 0] if by_angle else nearness[:, 0] / (2 if spherical else 1)  # |x - y|² = 2 - 2 cos
    return nearest[:, 0], np.maximum(distance, 0)


def _lloyd(
    points: Floats, start: Floats, center: Floats | None, iterations: int, spherical: bool, gpu: Gpu
) -> Clustering:
    import faiss

    by_angle = spherical and center is None
    trainer: Any = faiss.Kmeans(
        points.shape[1],
        len(start),
        niter=iterations,
        spherical=by_angle,
        gpu=count_gpus(gpu),
        min_points_per_centroid=1,
        max_points_per_centroid=len(points),  # by default, FAISS uses at most 256 points per cluster
        check_input_data_for_NaNs=False,
    )
    if center is None:
        trainer.train(points, init_centroids=start)
        centroids = trainer.centroids
    else:
        trainer.train(points - center, init_centroids=start - center)
        centroids = trainer.centroids + center
    if spherical and not by_angle:
        centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    assignment, distance = _assign(points, centroids, spherical, gpu)
    before = [len(points) - o if by_angle else o / (2 if spherical else 1) for o in trainer.obj.tolist()]
    objective = [*before[1:], float(distance.sum(dtype=np.float64))]  # FAISS: those before each iteration
    return Clustering(centroids, assignment, distance, np.bincount(assignment, minlength=len(start)), objective)


def _distinct(points: Floats, k: int, rng: np.random.Generator, given: Floats) -> Floats:
    """Points to start from, (k - m, D), in random order: all distinct, and none of the m given."""
    first: dict[bytes, int] = {}  # the first row of each distinct point, until there are enough
    for row in rng.permutation(len(points)).tolist():
        first.setdefault(points[row].tobytes(), row)
        if len(first) >= max(k, min(2, len(points))):
            break
    if len(first) == 1 and len(points) > 1:
        raise SemisupError(f"all {len(points)} embeddings are the same: they do not distinguish the images.")
    if len(first) < k:
        raise SemisupError(f"k-means cannot make {k} clusters of {len(first)} distinct points; ask for fewer.")
    known = {row.tobytes() for row in given}
    return points[[row for point, row in first.items() if point not in known][: k - len(given)]]
