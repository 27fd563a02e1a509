"""Residual branches that are left out at random."""

from torch import Tensor, nn


class StochasticDepth(nn.Module):
    """The end of a residual branch: while training, each image goes without the branch with probability `drop`.

    Huang et al. (2016, arXiv:1603.09382). Departures, both usual today: the draw is per image, not per batch, and what
    remains is divided by 1 - drop while training, so that the expectation is the branch and evaluation needs nothing.
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
        return f"drop={self.drop:g}"


def linear_decay(last: float, blocks: int) -> list[float]:
    """How often each block is left out: block l of L with probability last · l / L (Huang et al., 2016, eq. 4)."""
    return [last * block / blocks for block in range(1, blocks + 1)]
