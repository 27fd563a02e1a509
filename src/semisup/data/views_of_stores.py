"""The views that a data set can have: of images, of rows of a table, or of cached features."""

from collections.abc import Mapping
from typing import Any

from semisup.core.errors import SemisupError
from semisup.data.store import Store
from semisup.data.transforms.cached_views import CachedViews
from semisup.data.transforms.custom import Transform, build_transform
from semisup.data.transforms.image_views import ImageViews
from semisup.data.transforms.table_views import TableViews
from semisup.data.transforms.views import Views


def build_views(
    store: Store,
    of_images: Mapping[str, Any],
    of_rows: Mapping[str, Any],
    weak: dict[str, Any] | Transform | None = None,
    strong: dict[str, Any] | Transform | None = None,
) -> Views:
    """The views of a data set.

    Args:
        store: The data set.
        of_images: Options of ImageViews, which are read if it has images.
        of_rows: Options of TableViews, which are read if it has rows.
        weak: A transform that makes the weak view of images instead.
        strong: The same of the strong view.

    Returns:
        The views.

    Raises:
        SemisupError: If the data set has no images for a transform.
    """
    if (weak or strong) and (store.is_embedded or len(store.shape) != 3):
        raise SemisupError("data.weak and data.strong make views of images, and the network takes rows of numbers.")
    if store.is_embedded:
        return CachedViews((store.images.shape[1] - 1) // 2)
    if len(store.shape) != 3:
        return TableViews(store.mean, store.std, **of_rows)
    c, h, w = store.shape
    own: dict[str, Any] = {"weak": build_transform("data.weak", weak), "strong": build_transform("data.strong", strong)}
    return ImageViews((c, h, w), store.mean, store.std, **of_images, **own)
