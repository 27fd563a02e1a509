"""Our k-means, which is FAISS's, against scikit-learn's, with the same points, first centroids and iterations.

Points are drawn around 100 centers, in 33 dimensions (CIFAR-10's pixels, by PCA) and in 1,280 (a pretrained network's
features). Both sides use every point, and end with each point assigned to its last centroid. They take turns in one
process.
"""

import argparse
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.setting import now, spread
from semisup.labelers.kmeans import kmeans

CASES = ((33, 10, 20), (33, 1000, 20), (1280, 10, 10), (1280, 1000, 5))  # dimensions, clusters, iterations
CENTERS = 100
HOST = torch.device("cpu")  # both sides return arrays, so there is nothing to wait for


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Seconds and objective of each case, on both sides."""
    return [case(options.points, *sizes, options.rounds, options.device) for sizes in CASES]


def case(points: int, dimensions: int, clusters: int, iterations: int, rounds: int, device: str) -> dict[str, Any]:
    """Seconds and objective of one case."""
    data = mixture(points, dimensions)
    start = data[np.random.default_rng(1).choice(points, clusters, replace=False)]
    seconds: dict[str, list[float]] = {"ours": [], "sklearn": []}
    objective = {}
    for _ in range(rounds):
        for side in seconds:
            began = now(HOST)
            objective[side] = (
                ours(data, start, iterations, device) if side == "ours" else theirs(data, start, iterations)
            )
            seconds[side].append(now(HOST) - began)
    sizes = {"points": points, "dimensions": dimensions, "clusters": clusters, "iterations": iterations}
    return {**sizes, **figures(seconds, objective)}


def figures(seconds: dict[str, list[float]], objective: dict[str, float]) -> dict[str, Any]:
    """The results, from the seconds of each round and from the last objectives."""
    return {
        "seconds": {side: float(np.median(values)) for side, values in seconds.items()},
        "times_sklearn": spread([b / a for a, b in zip(seconds["ours"], seconds["sklearn"], strict=True)]),
        "objective": objective,
        "objective_differs_by": objective["ours"] / objective["sklearn"] - 1,
    }


def ours(data: NDArray[np.float32], start: NDArray[np.float32], iterations: int, device: str) -> float:
    """The objective of our k-means."""
    gpu = False if device == "cpu" else "auto"
    return kmeans(data, len(start), iterations=iterations, init=start, gpu=gpu).objective[-1]


def theirs(data: NDArray[np.float32], start: NDArray[np.float32], iterations: int) -> float:
    """The objective of scikit-learn's k-means."""
    from sklearn.cluster import KMeans

    found = KMeans(len(start), init=start, n_init=1, max_iter=iterations, tol=0, algorithm="lloyd").fit(data)
    return float(found.inertia_)


def mixture(points: int, dimensions: int) -> NDArray[np.float32]:
    """Points of a mixture of Gaussians, (points, dimensions)."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((CENTERS, dimensions), np.float32)
    return centers[rng.integers(CENTERS, size=points)] + rng.standard_normal((points, dimensions), np.float32)
