"""What a method is given: tensors by name."""

from typing import Any

from torch import Tensor


class Batch(dict[str, Tensor]):
    """A dict of tensors that can also be read as attributes: `labeled.image`, `unlabeled.weak`.

    A labeled batch has image (B, C, H, W) float32, label (B,) int64 and index (B,) int64.

    An unlabeled batch has a view (uB, C, H, W) float32 for each name in the method's `views`, and index (uB,) int64.
    Its target, (uB,) int64 or (uB, K) float32, and weight (uB,) float32 come from the labeler; before, they are -1
    and 0.

    Rows of a table have the shape (B, D) instead of (B, C, H, W).
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"this batch has {', '.join(self)}, and no '{name}'") from None
