"""What a method is given: tensors by name."""

from typing import Any

from torch import Tensor


class Batch(dict[str, Tensor]):
    """A dict of tensors that also reads as attributes: `labeled.image`, `unlabeled.weak`.

    labeled:   image (B, C, H, W) float32, label (B,) int64, index (B,) int64
    unlabeled: one entry per view the method asks for, (uB, C, H, W) float32; target (uB,) int64 or (uB, K), -1 until a
               labeler has spoken; weight (uB,) float32, 0 until then; index (uB,) int64
    For a table, (B, D) takes the place of (B, C, H, W).
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"this batch has {', '.join(self)}, and no '{name}'") from None
