"""What a method is given: tensors by name."""

from typing import Any

from torch import Tensor

from semisup.core.errors import SemisupError


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

    def divide(self, count: int) -> "list[Batch]":
        """Divides the batch into equal parts.

        Args:
            count: How many.

        Returns:
            The parts, in order.

        Raises:
            SemisupError: If the number of images is no multiple of `count`.
        """
        sizes = {len(tensor) for tensor in self.values()}
        if any(size % count for size in sizes):
            raise SemisupError(
                f"a batch of {max(sizes)} images cannot be divided into trainer.micro_batches={count} equal parts; "
                "change batch.labeled or batch.ratio."
            )
        return [
            Batch({name: t[i * len(t) // count : (i + 1) * len(t) // count] for name, t in self.items()})
            for i in range(count)
        ]
