"""Embeddings: images as vectors in which alike images lie close. One kind a file."""

from semisup.embeddings.base import Embedding
from semisup.embeddings.checkpoint import Checkpoint
from semisup.embeddings.network import Network
from semisup.embeddings.pca import PCA
from semisup.embeddings.pixels import Pixels
from semisup.embeddings.pretrained import Pretrained

__all__ = ["PCA", "Checkpoint", "Embedding", "Network", "Pixels", "Pretrained"]
