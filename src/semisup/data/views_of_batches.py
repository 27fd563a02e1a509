"""The views of a batch that is on the device."""

from typing import Any

from semisup.data.batch import Batch
from semisup.data.transforms.views import Views


def plain_view(views: Views, batch: dict[str, Any]) -> Batch:
    """The plain view of images that are evaluated.

    Args:
        views: Of the data set.
        batch: Its `inputs`, `label` and `index`.

    Returns:
        `image`, `label` and `index`.
    """
    return Batch(image=views.apply("plain", batch["inputs"], {}), label=batch["label"], index=batch["index"])


def drawn_views(views: Views, batch: dict[str, Any]) -> Batch:
    """The views of images that train.

    Args:
        views: Of the data set.
        batch: Its `inputs`, `aug_params` for each view, and columns such as `index`.

    Returns:
        A tensor for each view, and the columns.
    """
    inputs, drawn = batch["inputs"], batch["aug_params"]  # cached views are gathered apart
    apart = inputs if isinstance(inputs, dict) else dict.fromkeys(drawn, inputs)
    made = {name: views.apply(name, apart[name], params) for name, params in drawn.items()}
    return Batch({**made, **{key: batch[key] for key in batch if key not in ("inputs", "aug_params")}})
