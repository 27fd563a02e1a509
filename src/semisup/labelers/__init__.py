"""Between two rounds: from what is known of the unlabeled images to their pseudo-labels."""

from semisup.labelers.bank import Bank, Labeler, Labels
from semisup.labelers.clusters import Clusters
from semisup.labelers.confident import Confident
from semisup.labelers.named_clusters import NamedClusters
from semisup.labelers.propagation import Propagation

__all__ = ["Bank", "Clusters", "Confident", "Labeler", "Labels", "NamedClusters", "Propagation"]
