"""Forward passes in evaluation mode in the middle of a training."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluation_mode(network: nn.Module) -> Iterator[None]:
    """Within it, a network has no dropout, and normalizes by its running statistics.

    Args:
        network: The network. Afterwards, each of its modules is in the mode that it was in.

    Yields:
        Nothing.
    """
    training = [module for module in network.modules() if module.training]
    network.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
