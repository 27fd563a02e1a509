"""Rows of tensors: mixed, scaled, and found."""

import torch
from torch import Tensor


def mixup(x: Tensor, order: Tensor, share: Tensor) -> Tensor:
    """share · x + (1 - share) · x[order].

    Source: Zhang et al., 2018, arXiv:1710.09412. With a share of at least 1/2, x stays the larger part.

    Args:
        x: (N, ...).
        order: A permutation, (N,) int64.
        share: λ of each row, (N,).

    Returns:
        (N, ...).
    """
    share = share.view(-1, *[1] * (x.ndim - 1))
    return share * x + (1 - share) * x[order]


def last_occurrence(index: Tensor) -> Tensor:
    """For each row, the last row with the same index: so an image that is in a step twice is written once.

    Args:
        index: (N,) int64.

    Returns:
        Rows, (N,) int64.
    """
    rows = torch.arange(len(index), device=index.device)
    return torch.where(index == index[:, None], rows, -1).amax(-1)


def unit(x: Tensor) -> Tensor:
    """Divides each row by its L2 norm; a row of zeros stays as it is.

    Args:
        x: (N, ...).

    Returns:
        (N, ...).
    """
    flat = x.flatten(1)
    flat = flat / flat.abs().amax(-1, keepdim=True).clamp_min(1e-30)  # else the squares of small ones would vanish
    return (flat / flat.norm(dim=-1, keepdim=True).clamp_min(1e-30)).view_as(x)
