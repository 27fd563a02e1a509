"""Where data comes from: each function imports one kind of source into a store and opens it.

All take the directory of all data first. A store that exists is opened without reading its source again.
"""

from semisup.data.sources.bundled import bundled_table, digits
from semisup.data.sources.folder import folder
from semisup.data.sources.stored import stored
from semisup.data.sources.table import table
from semisup.data.sources.torchvision_sets import torchvision_set

__all__ = ["bundled_table", "digits", "folder", "stored", "table", "torchvision_set"]
