"""Random views of batches of inputs, made on the device."""

from semisup.data.transforms.cached_views import CachedViews
from semisup.data.transforms.image_views import ImageViews
from semisup.data.transforms.table_views import TableViews
from semisup.data.transforms.views import AugParams, Views, view_kind

__all__ = ["AugParams", "CachedViews", "ImageViews", "TableViews", "Views", "view_kind"]
