"""Labeled images, and unlabeled ones that have the label of their cluster."""

from semisup.methods.self_training import SelfTraining


class ClusterLabel(SelfTraining):
    """Self-training on the names of clusters: no paper, our notebook's Model B.

    Before any training, images are embedded (`embedding`), the embeddings clustered by k-means, and each cluster named
    by the labeled images in it (`labeler=clusters`). A network then learns from labeled and cluster-labeled images:

        L = (Σ_x H(y, p(x)) + Σ_u w(u) · H(name of u's cluster, p(u))) / (B + uB)

    With embedding=network, a teacher is trained first and the clusters are of its features, then of each student's, as
    in DeepCluster (Caron et al., 2018, arXiv:1807.05520), which has no labels and clusters anew in each epoch.
    """
