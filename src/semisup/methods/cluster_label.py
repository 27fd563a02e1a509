"""Labeled images, and unlabeled ones that have the label of their cluster."""

from semisup.methods.self_training import SelfTraining


class ClusterLabel(SelfTraining):
    """Self-training on the names of clusters.

    Before any training, images are embedded (`embedding`), k-means clusters the embeddings, and the labeled images in
    each cluster name it (`labeler=clusters`). A network then learns from labeled and cluster-labeled images:

        L = (Σ_x H(y, p(x)) + Σ_u w(u) · H(name of u's cluster, p(u))) / (B + uB)

    With embedding=network, a teacher is trained first, and the clusters are of its features, then of each student's.
    DeepCluster (Caron et al., 2018, arXiv:1807.05520) does so without labels, in each epoch.

    Source: no paper; our notebook's Model B.

    Args:
        network: Maps views to logits (N, K).
        optimizer: How the network is optimized; None = Adam with its defaults.
        ema: Decay of the moving average of the weights; 0 evaluates the network itself.
    """
