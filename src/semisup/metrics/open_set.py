"""How well a score tells images of unknown classes from those of known ones."""

from torch import Tensor
from torchmetrics.functional.classification import binary_auroc


def open_set_scores(unknown: Tensor, outlier: Tensor) -> dict[str, float | int]:
    """The area under the ROC curve: the share of pairs of both kinds in which the score is larger for the outlier.

    Equal scores count as half.

    Args:
        unknown: How likely each image is of an unknown class, (N,) from 0 to 1.
        outlier: Whether it is, (N,) bool; both kinds occur.

    Returns:
        `auroc`, from 0 to 1, and `unknown_images`, how many are outliers.
    """
    return {"auroc": float(binary_auroc(unknown, outlier.int())), "unknown_images": int(outlier.sum())}
