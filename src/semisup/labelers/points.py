"""Points of an embedding: checked before FAISS reads them, centered where float32 needs it, and their neighbors."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Gpu = bool | Literal["auto"]

BLOCK = 2**24  # numbers that are checked at once: 64 MiB, also if the embeddings are mapped from a file
_CLOSE = 0.1  # spread over length of the mean, below which float32 distances lose digits, so that points are centered
_TOO_CLOSE = 2e-7  # the same, where float32 has nothing but rounding errors left
LARGEST = 1e37  # squared length of an embedding: distances are up to four times that, and float32 ends at 3.4e38


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


def nearest_neighbors(
    queries: Floats, points: Floats, count: int, *, inner_product: bool = False, gpu: Gpu = "auto"
) -> tuple[Floats, Integers]:
    """Finds the nearest points of each query, exactly.

    Args:
        queries: (N, D) float32.
        points: (M, D) float32.
        count: The number of points for each query.
        inner_product: Whether the nearest points are those with the largest inner product.
        gpu: As in `count_gpus`.

    Returns:
        Their squared Euclidean distances or inner products, (N, count) float32, and their rows, (N, count) int64;
        nearest first.
    """
    import faiss

    if not inner_product and (center := find_center(points)) is not None:
        queries, points = queries - center, points - center
    index: Any = faiss.IndexFlatIP(points.shape[1]) if inner_product else faiss.IndexFlatL2(points.shape[1])
    if gpus := count_gpus(gpu):
        index = faiss.index_cpu_to_all_gpus(index, ngpu=gpus)
    index.add(np.ascontiguousarray(points))
    return index.search(queries, count)


def find_center(points: Floats) -> Floats | None:
    """Finds the mean of points that are much nearer to it than it is to zero.

    Args:
        points: (N, D) float32.

    Returns:
        The mean, (D,); None for other points, whose distances float32 resolves.

    Raises:
        SemisupError: If the points differ by less than float32 resolves.
    """
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


def count_gpus(gpu: Gpu) -> int:
    """Counts the GPUs that are to be used.

    Args:
        gpu: 'auto' uses all GPUs that FAISS finds; true requires one.

    Returns:
        How many; 0 for the CPU.

    Raises:
        SemisupError: If one is required and there is none.
    """
    import faiss

    seen = int(faiss.get_num_gpus()) if gpu else 0
    if gpu is True and not seen:
        raise SemisupError("gpu=true, but FAISS finds no GPU; leave it at auto, or install faiss-gpu.")
    return seen
