"""Residual branches that are dropped at random."""

from torch import Tensor, nn


class StochasticDepth(nn.Module):
    """The end of a residual branch: while training, the branch is dropped with probability `drop` for each image.

    Source: Huang et al., 2016, arXiv:1603.09382. Departures, both usual today: it draws per image, not per batch; and
    while training it divides the kept branches by 1 - drop, which keeps their expectation.

    Args:
        drop: A probability below 1.
    """

    def __init__(self, drop: float) -> None:
        super().__init__()
        self.drop = drop

    def forward(self, branch: Tensor) -> Tensor:
        if not self.training or self.drop == 0:
            return branch
        keep = 1 - self.drop
        mask = branch.new_empty(len(branch), *[1] * (branch.ndim - 1))  # (N, 1, 1, 1)
        return branch * mask.bernoulli_(keep).div_(keep)

    def extra_repr(self) -> str:
        """The probability, in the network's representation."""
        return f"drop={self.drop:g}"


def linear_drop_rates(last: float, blocks: int) -> list[float]:
    """The probabilities of stochastic depth: last · l / L for block l of L.

    Source: Huang et al., 2016, arXiv:1603.09382, eq. 4.

    Args:
        last: The probability of the last block.
        blocks: L.

    Returns:
        A probability for each block.
    """
    return [last * block / blocks for block in range(1, blocks + 1)]
