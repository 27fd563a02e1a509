"""K-means with FAISS, on the CPU or on every GPU that FAISS sees."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Gpu = bool | Literal["auto"]

BLOCK = 2**24  # numbers that a check looks at at once: 64 MiB, also where the embeddings are mapped from a file
LARGEST = 1e37  # squared length of an embedding: distances are up to four times that, and float32 ends at 3.4e38


@dataclass(frozen=True)
class Clustering:
    """N points in k clusters.

    centroids: (k, D) float32, of length 1 where spherical. assignment: (N,) int64, each point's nearest centroid.
    distance: (N,) float32, to that centroid: the squared Euclidean distance, or 1 - cosine where spherical.
    sizes: (k,) int64, how many points are in each cluster; 0 is possible. objective: the sum of the distances of the
    points it was fitted on, after each iteration; it ends early where nothing moves any more.
    """

    centroids: Floats
    assignment: Integers
    distance: Floats
    sizes: Integers
    objective: list[float]


def kmeans(
    features: Floats,
    k: int,
    *,
    iterations: int = 20,
    restarts: int = 1,
    spherical: bool = False,
    seed: int = 0,
    init: Floats | None = None,
    max_points: int | None = None,
    gpu: Gpu = "auto",
) -> Clustering:
    """Clusters the rows of `features`, (N, D) float32, by Lloyd's iterations. Every point counts.

    restarts: the best of so many, by the last objective. spherical: by angle; rows are scaled to length 1.
    init: (m, D) first centroids, m ≤ k; the others are distinct points drawn with the seed.
    max_points: it is fitted on so many points, drawn with the seed; all points are assigned.
    gpu: auto = all GPUs that FAISS sees, if it sees any; true insists.

    The same seed gives the same clusters on one machine. Features may be mapped from a file. Copied are only the
    `max_points` drawn, rows that are not of length 1 where spherical, and arrays that are not C-contiguous. A cluster
    that runs empty takes a part of another (FAISS). Raises SemisupError for what cannot be clustered: a NaN, fewer
    points or distinct points than clusters, points that are all the same.
    """
    for option, value in {"k": k, "iterations": iterations, "restarts": restarts}.items():
        if value < 1:
            raise SemisupError(f"k-means: {option} is at least 1; got {value}.")
    points = checked(features, spherical)
    count = len(points) if max_points is None else min(max_points, len(points))
    if count < k:
        raise SemisupError(f"k-means cannot make {k} clusters of {count} points; ask for at most {count}.")
    rng = np.random.default_rng(seed)
    fitted = points if count == len(points) else points[np.sort(rng.choice(len(points), count, replace=False))]
    given = np.zeros((0, points.shape[1]), np.float32) if init is None else checked(init, spherical)
    if len(given) > k or given.shape[1] != points.shape[1]:
        raise SemisupError(f"k-means starts from at most {k} x {points.shape[1]} centroids; got {given.shape}.")

    best: Clustering | None = None
    for _ in range(restarts):
        start = np.concatenate([given, _distinct(fitted, k, rng, given)])  # (k, D)
        found = _lloyd(fitted, start, iterations, spherical, gpu)
        if best is None or found.objective[-1] < best.objective[-1]:
            best = found
    assert best is not None
    if fitted is points:
        return best
    return reassigned(best, points, spherical=spherical, gpu=gpu)


def reassigned(clustering: Clustering, features: Floats, *, spherical: bool = False, gpu: Gpu = "auto") -> Clustering:
    """The same centroids and objective, with other points, (N, D) float32, assigned to them."""
    assignment, distance = assign(features, clustering.centroids, spherical=spherical, gpu=gpu)
    sizes = np.bincount(assignment, minlength=len(clustering.centroids))
    return Clustering(clustering.centroids, assignment, distance, sizes, clustering.objective)


def assign(
    features: Floats, centroids: Floats, *, spherical: bool = False, gpu: Gpu = "auto"
) -> tuple[Integers, Floats]:
    """Nearest centroid of each row of (N, D), (N,) int64, and the distance to it, (N,) float32, as in Clustering."""
    return _assign(checked(features, spherical), centroids, spherical, gpu)


def _assign(points: Floats, centroids: Floats, spherical: bool, gpu: Gpu) -> tuple[Integers, Floats]:
    nearness, did_you_mean = neighbors(points, centroids, 1, inner_product=spherical, gpu=gpu)
    distance = 1 - nearness[:, 0] if spherical else nearness[:, 0]
    return did_you_mean[:, 0], np.maximum(distance, 0)


def neighbors(
    queries: Floats, points: Floats, count: int, *, inner_product: bool = False, gpu: Gpu = "auto"
) -> tuple[Floats, Integers]:
    """The `count` points, (M, D), that are nearest to each query, (N, D), exactly; nearest first.

    Returns their squared Euclidean distance or inner product, and their rows; both are (N, count).
    """
    import faiss

    index: Any = faiss.IndexFlatIP(points.shape[1]) if inner_product else faiss.IndexFlatL2(points.shape[1])
    if gpus := _gpus(gpu):
        index = faiss.index_cpu_to_all_gpus(index, ngpu=gpus)
    index.add(np.ascontiguousarray(points))
    return index.search(queries, count)


def checked(features: Floats, spherical: bool) -> Floats:
    """The features, (N, D) float32; where spherical, their rows scaled to length 1, in a copy if they are not already.

    Raises SemisupError for what has no distances; FAISS would end the process.
    """
    if features.dtype != np.float32 or features.ndim != 2 or 0 in features.shape:
        raise SemisupError(f"embeddings are (N, D) numbers in float32; got {features.dtype} of shape {features.shape}.")
    rows = max(1, BLOCK // features.shape[1])
    blocks = (features[i : i + rows] for i in range(0, len(features), rows))
    square = np.concatenate([np.einsum("nd,nd->n", block, block) for block in blocks])  # (N,)
    if not (fit := square < LARGEST).all():  # not so with a NaN either
        reason = "a NaN, an infinity or numbers too large to square in float32"
        raise SemisupError(f"the embedding of row {int(fit.argmin())} holds {reason}.")
    if not spherical:
        return features
    if not square.all():
        raise SemisupError(f"the embedding of row {int(square.argmin())} is all zeros: it has no direction.")
    return features if np.abs(square - 1).max() < 1e-5 else features / np.sqrt(square)[:, None]


def _lloyd(points: Floats, start: Floats, iterations: int, spherical: bool, gpu: Gpu) -> Clustering:
    import faiss

    trainer: Any = faiss.Kmeans(
        points.shape[1],
        len(start),
        niter=iterations,
        spherical=spherical,
        gpu=_gpus(gpu),
        min_points_per_centroid=1,
        max_points_per_centroid=len(points),  # by default FAISS looks at 256 points per cluster and no more
        check_input_data_for_NaNs=False,
    )
    trainer.train(points, init_centroids=start)
    assignment, distance = _assign(points, trainer.centroids, spherical, gpu)
    before = [len(points) - o if spherical else o for o in trainer.obj.tolist()]  # FAISS: before each iteration
    objective = [*before[1:], float(distance.sum(dtype=np.float64))]
    return Clustering(trainer.centroids, assignment, distance, np.bincount(assignment, minlength=len(start)), objective)


def _distinct(points: Floats, k: int, rng: np.random.Generator, given: Floats) -> Floats:
    """Points to start from, (k - m, D), in random order, no two the same and none among the m given."""
    first: dict[bytes, int] = {}  # each distinct point's first row; the search ends when there are enough
    for row in rng.permutation(len(points)).tolist():
        first.setdefault(points[row].tobytes(), row)
        if len(first) >= max(k, min(2, len(points))):
            break
    if len(first) == 1 and len(points) > 1:
        raise SemisupError(f"all {len(points)} embeddings are the same: there is nothing to tell the images apart by.")
    if len(first) < k:
        raise SemisupError(f"k-means cannot make {k} clusters of {len(first)} distinct points; ask for fewer.")
    known = {row.tobytes() for row in given}
    return points[[row for point, row in first.items() if point not in known][: k - len(given)]]


def _gpus(gpu: Gpu) -> int:
    import faiss

    seen = int(faiss.get_num_gpus()) if gpu else 0
    if gpu is True and not seen:
        raise SemisupError("gpu=true, but FAISS sees no GPU; leave it at auto, or install faiss-gpu.")
    return seen
