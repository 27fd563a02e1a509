"""Extra forward passes that leave batch norm's running statistics as they are."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def frozen_statistics(network: nn.Module) -> Iterator[None]:
    """Within it, a training network normalizes by the batch, but does not update its running statistics.

    Args:
        network: The network.

    Yields:
        Nothing.
    """
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
