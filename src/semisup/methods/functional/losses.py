"""Losses of a batch, in float32."""

import torch.nn.functional as F
from torch import Tensor

from semisup.methods.step_output import PseudoLabels
from semisup.models.outputs import Outputs


def cross_entropy(logits: Tensor, label: Tensor, smoothing: float = 0.0, class_weights: Tensor | None = None) -> Tensor:
    """The mean cross-entropy.

    Args:
        logits: (N, K), any float type.
        label: Classes, (N,) int64, or probabilities, (N, K).
        smoothing: The share of each target that is spread over all classes.
        class_weights: (K,); the mean over classes is then weighted by them.

    Returns:
        A float32 scalar.
    """
    return F.cross_entropy(logits.float(), label, weight=class_weights, label_smoothing=smoothing)


def weighted_cross_entropy(logits: Tensor, labels: PseudoLabels, outputs: Outputs = "softmax") -> Tensor:
    """Σ weight · H(target, softmax(logits)) / N.

    The sum is divided by all N images, not by the kept ones, as in the code of FixMatch's authors. With 'sigmoid', H is
    Σ_k -(t_k log σ(z_k) + (1 - t_k) log (1 - σ(z_k))), where t_k is 1 for the target and 0 for the other classes.

    Args:
        logits: z, (N, K), any float type.
        labels: Targets and weights of the N images; with 'sigmoid', targets are classes.
        outputs: What makes probabilities of the logits.

    Returns:
        A float32 scalar.
    """
    if outputs == "sigmoid":
        own = F.one_hot(labels.target, logits.shape[-1]).float()
        cost = F.binary_cross_entropy_with_logits(logits.float(), own, reduction="none").sum(-1)
        return (cost * labels.weight).mean()
    return (F.cross_entropy(logits.float(), labels.target, reduction="none") * labels.weight).mean()


def mean_squared_error(logits: Tensor, target: Tensor) -> Tensor:
    """The mean over images and classes of (softmax(logits) - target)².

    Args:
        logits: (N, K), any float type.
        target: Probabilities (N, K) float32.

    Returns:
        A float32 scalar.
    """
    return F.mse_loss(logits.float().softmax(-1), target)


def kl_divergence(logits: Tensor, target: Tensor) -> Tensor:
    """The mean over images of KL(target ‖ softmax(logits)).

    Args:
        logits: (N, K), any float type.
        target: Probabilities (N, K) float32.

    Returns:
        A float32 scalar.
    """
    return F.kl_div(logits.float().log_softmax(-1), target, reduction="batchmean")


def entropy(logits: Tensor) -> Tensor:
    """The mean over images of the entropy of softmax(logits). The gradient flows.

    Args:
        logits: (N, K), any float type.

    Returns:
        A float32 scalar.
    """
    log_probability = logits.float().log_softmax(-1)
    return -(log_probability.exp() * log_probability).sum(-1).mean()
