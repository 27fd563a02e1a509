"""Where data comes from: each function here brings one kind of source into a store and opens it.

All take the directory that stores are kept in first. What is already there is opened without reading the source again.
"""

from semisup.data.sources.bundled_table import bundled_table
from semisup.data.sources.digits import digits
from semisup.data.sources.folder import folder
from semisup.data.sources.stored import stored
from semisup.data.sources.table import table
from semisup.data.sources.torchvision_sets import torchvision_set

__all__ = ["bundled_table", "digits", "folder", "stored", "table", "torchvision_set"]
