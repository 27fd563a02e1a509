"""What makes probabilities of a network's outputs."""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor

Outputs = Literal["softmax", "sigmoid"]


def distribution_logits(logits: Tensor, outputs: Outputs) -> Tensor:
    """Logits whose softmax is the distribution that a network predicts.

    Sigmoid outputs need not sum to 1. Their distribution is p_k = σ(z_k) / Σ_j σ(z_j) = softmax(log σ(z))_k.

    Args:
        logits: z, (N, K), any float type.
        outputs: What the network was trained with.

    Returns:
        (N, K) float32.
    """
    return F.logsigmoid(logits.float()) if outputs == "sigmoid" else logits.float()
