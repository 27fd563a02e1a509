"""Ctrl-C and SIGTERM as an exception that nobody takes for another one, and that ends with the right exit status."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Signalled(BaseException):
    """A signal stopped the program at once.

    It is no Exception, so that no handler of errors swallows it, and no KeyboardInterrupt, as Lightning answers that
    with an exit of its own, without a word.

    Args:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_status = 128 + number

    def __str__(self) -> str:
        return "interrupted; the same command continues from what is saved."


@contextmanager
def signals_raise() -> Iterator[None]:
    """Lets Ctrl-C and SIGTERM raise `Signalled` in the block; in another thread than the main one, nothing changes.

    Yields:
        Nothing.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise Signalled(number)

    before: dict[int, Any] = {}
    try:
        for number in SIGNALS:
            before[number] = signal.signal(number, stop)
    except ValueError:  # not in the main thread
        pass
    try:
        yield
    finally:
        for changed, handler in before.items():
            signal.signal(changed, handler)
