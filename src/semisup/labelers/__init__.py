"""Labelers turn what is known of the unlabeled images, between two rounds, into pseudo-labels."""

from semisup.labelers.clusters import ClusterLabeler
from semisup.labelers.confident import ConfidenceLabeler
from semisup.labelers.feature_labeler import FeatureLabeler
from semisup.labelers.inputs import Labeler, LabelerInputs, Labels
from semisup.labelers.named_clusters import NamedClusters
from semisup.labelers.propagation import LabelPropagation

__all__ = [
    "ClusterLabeler",
    "ConfidenceLabeler",
    "FeatureLabeler",
    "LabelPropagation",
    "Labeler",
    "LabelerInputs",
    "Labels",
    "NamedClusters",
]
