"""Labelers turn what is known of the unlabeled images, between two rounds, into pseudo-labels."""

from semisup.labelers.clusters import ClusterLabeler
from semisup.labelers.confident import ConfidenceLabeler
from semisup.labelers.curriculum import CurriculumLabeler
from semisup.labelers.feature_labeler import FeatureLabeler
from semisup.labelers.inputs import Labeler, LabelerInputs, Labels
from semisup.labelers.logistic import LogisticLabeler, logistic_regression
from semisup.labelers.mixture import MixtureLabeler
from semisup.labelers.named_clusters import NamedClusters
from semisup.labelers.propagation import LabelPropagation
from semisup.labelers.vote import VoteLabeler, vote

__all__ = [
    "ClusterLabeler",
    "ConfidenceLabeler",
    "CurriculumLabeler",
    "FeatureLabeler",
    "LabelPropagation",
    "Labeler",
    "LabelerInputs",
    "Labels",
    "LogisticLabeler",
    "MixtureLabeler",
    "NamedClusters",
    "VoteLabeler",
    "logistic_regression",
    "vote",
]
