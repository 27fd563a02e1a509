"""Data: stores on disk, splits, streams, views, and the data module that joins them."""

from semisup.data.batch import Batch
from semisup.data.module import SSLDataModule
from semisup.data.open_set import withhold_classes
from semisup.data.pixels import scale_pixels
from semisup.data.split import Split
from semisup.data.splits import make_split
from semisup.data.store import Store, open_store
from semisup.data.store_writer import write_store

__all__ = [
    "Batch",
    "SSLDataModule",
    "Split",
    "Store",
    "make_split",
    "open_store",
    "scale_pixels",
    "withhold_classes",
    "write_store",
]
