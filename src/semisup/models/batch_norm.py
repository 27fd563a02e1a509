"""Batch norm, and extra forward passes that leave its running statistics as they are."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def batch_norms(network: nn.Module) -> list[_BatchNorm]:
    """The layers of batch norm in a network.

    Args:
        network: The network.

    Returns:
        The layers, in their order.
    """
    return [module for module in network.modules() if isinstance(module, _BatchNorm)]


@contextmanager
def frozen_statistics(network: nn.Module) -> Iterator[None]:
    """Within it, a training network normalizes by the batch, but does not update its running statistics.

    Args:
        network: The network.

    Yields:
        Nothing.
    """
    norms = [norm for norm in batch_norms(network) if norm.track_running_stats]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
