"""K-means with FAISS, on the CPU or on every GPU that FAISS finds."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.core.ranges import PositiveInt, Seed, enforce_ranges

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Gpu = bool | Literal["auto"]

BLOCK = 2**24  # numbers that are checked at once: 64 MiB, also if the embeddings are mapped from a file
_CLOSE = 0.1  # spread over length of the mean, below which float32 distances lose digits, so that points are centered
_TOO_CLOSE = 2e-7  # the same, where float32 has nothing but rounding errors left
LARGEST = 1e37  # squared length of an embedding: distances are up to four times that, and float32 ends at 3.4e38


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

    center = _center(fitted)
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
    by_angle = spherical and _center(centroids) is None
    nearness, nearest = nearest_neighbors(points, centroids, 1, inner_product=by_angle, gpu=gpu)
    distance = 1 - nearness[:, 0] if by_angle else nearness[:, 0] / (2 if spherical else 1)  # |x - y|² = 2 - 2 cos
    return nearest[:, 0], np.maximum(distance, 0)


def nearest_neighbors(
    queries: Floats, points: Floats, count: int, *, inner_product: bool = False, gpu: Gpu = "auto"
) -> tuple[Floats, Integers]:
    """Finds the nearest points of each query, exactly.

    Args:
        queries: (N, D) float32.
        points: (M, D) float32.
        count: The number of points for each query.
        inner_product: Whether the nearest points are those with the largest inner product.
        gpu: As in `kmeans`.

    Returns:
        Their squared Euclidean distances or inner products, (N, count) float32, and their rows, (N, count) int64;
        nearest first.
    """
    import faiss

    if not inner_product and (center := _center(points)) is not None:
        queries, points = queries - center, points - center
    index: Any = faiss.IndexFlatIP(points.shape[1]) if inner_product else faiss.IndexFlatL2(points.shape[1])
    if gpus := _gpus(gpu):
        index = faiss.index_cpu_to_all_gpus(index, ngpu=gpus)
    index.add(np.ascontiguousarray(points))
    return index.search(queries, count)


def checked_points(features: Floats, spherical: bool) -> Floats:
    """The points themselves, or scaled to length 1. With a NaN, FAISS would end the process.

    Args:
        features: (N, D) float32.
        spherical: Whether points are scaled to length 1, in a copy if they are not already.

    Returns:
        (N, D) float32.

    Raises:
        SemisupError: If a point is not finite, is too large, or, if spherical, is zero.
    """
    if features.dtype != np.float32 or features.ndim != 2 or 0 in features.shape:
        raise SemisupError(f"embeddings are (N, D) numbers in float32; got {features.dtype} of shape {features.shape}.")
    rows = max(1, BLOCK // features.shape[1])
    blocks = (features[i : i + rows] for i in range(0, len(features), rows))
    square = np.concatenate([np.einsum("nd,nd->n", block, block) for block in blocks])  # (N,)
    if not (fit := square < LARGEST).all():  # false for a NaN
        reason = "a NaN, an infinity or numbers too large to square in float32"
        raise SemisupError(f"the embedding of row {int(fit.argmin())} holds {reason}.")
    if not spherical:
        return features
    if not square.all():
        raise SemisupError(f"the embedding of row {int(square.argmin())} is all zeros: it has no direction.")
    return features if np.abs(square - 1).max() < 1e-5 else features / np.sqrt(square)[:, None]


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
        gpu=_gpus(gpu),
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


def _center(points: Floats) -> Floats | None:
    """The mean of points that are much nearer to it than it is to zero, (D,); None for others."""
    rows = max(1, BLOCK // 8 // points.shape[1])  # in float64, and two at a time
    blocks = [points[i : i + rows] for i in range(0, len(points), rows)]
    mean = sum(block.sum(0, dtype=np.float64) for block in blocks) / len(points)  # (D,)
    length = float(np.linalg.norm(mean))
    spread = float(np.sqrt(sum(np.square(block - mean).sum() for block in blocks) / len(points)))
    if 0 < spread < _TOO_CLOSE * length:
        raise SemisupError(
            f"the embeddings are {length:.3g} long and {spread:.1g} from each other, which float32 does not resolve: "
            "they do not distinguish the images."
        )
    return mean.astype(np.float32) if spread < _CLOSE * length else None


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


def _gpus(gpu: Gpu) -> int:
    import faiss

    seen = int(faiss.get_num_gpus()) if gpu else 0
    if gpu is True and not seen:
        raise SemisupError("gpu=true, but FAISS finds no GPU; leave it at auto, or install faiss-gpu.")
    return seen
