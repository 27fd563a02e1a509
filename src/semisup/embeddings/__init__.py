"""Embeddings: images as vectors in which alike images lie close. One kind a file."""

from semisup.embeddings.base import Embedding
from semisup.embeddings.checkpoint import CheckpointEmbedding
from semisup.embeddings.network import RoundNetworkEmbedding
from semisup.embeddings.pca import PCAEmbedding
from semisup.embeddings.pixels import PixelEmbedding
from semisup.embeddings.pretrained import PretrainedEmbedding

__all__ = [
    "CheckpointEmbedding",
    "Embedding",
    "PCAEmbedding",
    "PixelEmbedding",
    "PretrainedEmbedding",
    "RoundNetworkEmbedding",
]
