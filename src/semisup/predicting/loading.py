"""Reading ahead: threads load the next samples while the network predicts, and never more than a few batches."""

from collections import deque
from collections.abc import Container, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semisup.predicting.samples import Sample

AHEAD = 2  # batches


class LoadedBatch(NamedTuple):
    """The samples of one batch, of which some may have a prediction already.

    Args:
        names: Names of the n samples that can be read and have no prediction yet.
        places: Where each of these is in `inputs`.
        inputs: All samples that can be read, (B, H, W, C) uint8 or (B, D) float32; of length 0 where n is 0.
        unreadable: Name and reason of each sample that cannot be read.
    """

    names: list[str]
    places: list[int]
    inputs: NDArray[Any]
    unreadable: list[tuple[str, str]]


def load_batches(
    samples: Iterable[Sample], size: int, workers: int, predicted: Container[str]
) -> Iterator[LoadedBatch]:
    """Loads samples in order, and skips those that have a prediction.

    Where a batch has both, all of its samples are loaded. The network then sees the same batch as without an
    interruption, and predicts the same to the last bit.

    Args:
        samples: All samples.
        size: Samples in a batch.
        workers: Threads that load.
        predicted: The names that have a prediction.

    Yields:
        The batches.
    """
    rest = iter(samples)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[tuple[list[Sample], list[Future[Any] | None]]] = deque()
        try:
            while batch := list(islice(rest, size)):
                waiting.append((batch, [None if s.name in predicted else pool.submit(try_load, s) for s in batch]))
                if len(waiting) > AHEAD:
                    yield _collect(pool, *waiting.popleft())
            while waiting:
                yield _collect(pool, *waiting.popleft())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def try_load(sample: Sample) -> NDArray[Any] | str:
    """Loads a sample.

    Args:
        sample: An image or a row.

    Returns:
        The array; or the reason, if it cannot be read.
    """
    try:
        return sample.load()
    except ValueError as error:
        return str(error)


def _collect(pool: ThreadPoolExecutor, batch: list[Sample], loading: list[Future[Any] | None]) -> LoadedBatch:
    """Waits for the new samples of a batch, and loads the others if one of the new ones can be read."""
    found = {place: future.result() for place, future in enumerate(loading) if future}
    unreadable = [(batch[place].name, value) for place, value in found.items() if isinstance(value, str)]
    new = [place for place, value in found.items() if not isinstance(value, str)]
    if not new:
        return LoadedBatch([], [], np.empty(0), unreadable)
    others = [place for place in range(len(batch)) if place not in found]
    found |= zip(others, pool.map(try_load, [batch[place] for place in others]), strict=True)
    readable = [place for place in sorted(found) if not isinstance(found[place], str)]
    order = {place: number for number, place in enumerate(readable)}
    inputs = np.stack([found[place] for place in readable])
    return LoadedBatch([batch[place].name for place in new], [order[place] for place in new], inputs, unreadable)
