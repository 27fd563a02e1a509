"""Which images are mixed with one another, and by how much. The draws are from torch's global generator."""

import torch
from torch import Tensor
from torch.distributions import Distribution

from semisup.methods.functional import mixup


def draw_mixture(shares: Distribution, count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """A random partner for each row, by a permutation, and the row's own share.

    Args:
        shares: Of what the share is drawn.
        count: N rows.
        device: Of the results.

    Returns:
        The permutation, (N,) int64, and the shares, (N,) float32.
    """
    share = shares.sample((count,)).to(device, non_blocking=True)
    return torch.randperm(count).to(device, non_blocking=True), share


def mix(shares: Distribution, *rows: Tensor) -> tuple[Tensor, ...]:
    """Mixes each row with another one, of which it gets at most half.

    Source: Berthelot et al., 2019, arXiv:1905.02249, eq. 8 to 11.

    Args:
        shares: Of what λ is drawn; 1 - λ is used if it is larger.
        rows: Images and labels, (N, ...) each, which are mixed alike.

    Returns:
        The mixtures, (N, ...) each.
    """
    order, share = draw_mixture(shares, len(rows[0]), rows[0].device)
    share = torch.maximum(share, 1 - share)
    return tuple(mixup(x, order, share) for x in rows)


def draw_partners(admitted: Tensor, shares: Distribution) -> tuple[Tensor, Tensor, Tensor]:
    """A random partner for each row, each admitted one with the same probability, and the row's own share.

    Args:
        admitted: Which of N others each row may have, (M, N) bool.
        shares: Of what the share is drawn.

    Returns:
        The partners, (M,) int64, whether a row has one, (M,) bool, and the shares, (M,) float32.
    """
    keys = torch.rand(admitted.shape).to(admitted.device, non_blocking=True).masked_fill(~admitted, -1)
    largest, partner = keys.max(-1)
    return partner, largest >= 0, shares.sample((len(admitted),)).to(admitted.device, non_blocking=True)


def draw_class(probability: Tensor, among: int) -> Tensor:
    """One of the most probable classes of each row, each of these with the same probability.

    Args:
        probability: (N, K).
        among: How many.

    Returns:
        (N, 1) int64.
    """
    rank = torch.randint(among, (len(probability), 1)).to(probability.device, non_blocking=True)
    return probability.topk(among).indices.gather(-1, rank)
