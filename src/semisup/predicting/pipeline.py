"""Reading ahead: threads decode the next items while the network sees these, and never more than a few batches."""

from collections import deque
from collections.abc import Container, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semisup.predicting.inputs import Item

AHEAD = 2  # batches


class Batch(NamedTuple):
    """inputs: (B, ...) of the items that can be read. new: the places, among those, of what has no label yet.

    unreadable: the other items, with what is wrong with them.
    """

    items: list[Item]
    inputs: NDArray[Any]
    new: list[int]
    unreadable: list[tuple[Item, str]]


def batches(items: Iterable[Item], size: int, workers: int, done: Container[str]) -> Iterator[Batch]:
    """The items in order, `size` at a time, but for those batches that are done.

    A batch in which something is done already is read whole nevertheless: the network then sees the same batch as
    without an interruption, and says the same of it to the last bit.
    """
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[tuple[list[Item], dict[int, Future[Any]]]] = deque()
        try:
            for part in chunks(items, size):
                new = [place for place, item in enumerate(part) if item.name not in done]
                waiting.append((part, {place: pool.submit(attempt, part[place]) for place in new}))
                if len(waiting) > AHEAD:
                    yield gather(pool, *waiting.popleft())
            while waiting:
                yield gather(pool, *waiting.popleft())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def gather(pool: ThreadPoolExecutor, part: list[Item], loading: dict[int, Future[Any]]) -> Batch:
    """The batch of some items, of which the new ones are under way."""
    found = {place: future.result() for place, future in loading.items()}
    unreadable = [(part[place], value) for place, value in found.items() if isinstance(value, str)]
    new = [place for place in found if not isinstance(found[place], str)]
    if new:
        rest = [place for place in range(len(part)) if place not in found]
        found |= zip(rest, pool.map(attempt, [part[place] for place in rest]), strict=True)
    readable = [place for place in sorted(found) if not isinstance(found[place], str)]
    inputs = np.stack([found[place] for place in readable]) if new else np.empty(0)
    fresh = set(new)
    places = [number for number, place in enumerate(readable) if place in fresh]
    return Batch([part[place] for place in readable], inputs, places, unreadable)


def attempt(item: Item) -> NDArray[Any] | str:
    """The item, or what is wrong with it."""
    try:
        return item.load()
    except ValueError as error:
        return str(error)


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
