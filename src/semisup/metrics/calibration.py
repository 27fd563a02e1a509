"""Temperature scaling: one number that makes a network as sure as it is right."""

import math

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError

BOUNDS = (0.05, 20.0)  # a network worse than chance would be made ever less sure


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """softmax(logits / T) in float64, where logits of any size neither overflow nor lose their order. (N, K)."""
    scaled = logits.astype(np.float64) / temperature
    power = np.exp(scaled - scaled.max(-1, keepdims=True))
    return power / power.sum(-1, keepdims=True)


def fit_temperature(logits: NDArray[np.floating], label: NDArray[np.int64]) -> float:
    """The T, from 0.05 to 20, with the least mean cross-entropy of softmax(logits / T).

    logits: (N, K), of images that did not train the network. label: (N,), their classes. T > 1 says that the network
    is surer than it is right. Guo et al. (2017, arXiv:1706.04599), section 4.2.

    Departure: 1 / (N + 2) of each image counts for the most probable of the other classes, as Platt (1999) does it with
    two classes. A few images without an error would make the network as sure as can be (T = 0.05); twenty of them say
    no more than that it is right in some 21 of 22. Of 500 images it is a share of .002. Raises SemisupError without
    images.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    if len(label) == 0:
        raise SemisupError("a temperature is fitted on validation images, and there are none: ask for data.validation.")
    # With a = z - z_label: H(label, softmax(z / T)) = log Σ_k exp(a_k / T), and for the class k it is less by a_k / T.
    rows = np.arange(len(label))
    ahead = logits.astype(np.float64) - logits[rows, label][:, None]  # (N, K)
    others = ahead.copy()
    others[rows, label] = -np.inf
    second = others.max(-1).mean() / (len(label) + 2)

    def cross_entropy(log_temperature: float) -> float:
        temperature = math.exp(log_temperature)
        return float(logsumexp(ahead / temperature, axis=-1).mean() - second / temperature)

    # Convex in 1/T, so there is one minimum in log T, where a bounded search finds it.
    bounds = (math.log(BOUNDS[0]), math.log(BOUNDS[1]))
    found = minimize_scalar(cross_entropy, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return math.exp(found.x)
