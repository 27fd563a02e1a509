"""How well clusters agree with the classes, where these are known."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from semisup.labelers.naming import count_votes

Integers = NDArray[np.int64]


def cluster_quality(assignment: Integers, truth: Integers, names: Integers, classes: tuple[str, ...]) -> dict[str, Any]:
    """Figures of a clustering, ready for JSON.

    assignment: (N,), each image's cluster. truth: (N,), its class; -1 = unknown, not counted but in the sizes.
    names: (k,), the class that each cluster stands for; -1 = none. classes: the names of all classes.

    purity: share of the images that are of the most frequent class of their cluster. normalized_mutual_information
    (by the arithmetic mean) and adjusted_rand_index: scikit-learn's. These three are None where no truth is known.
    sizes: images of each cluster. empty: clusters without images. unnamed: clusters without a name.
    missing_classes: those that no cluster stands for.
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    known = truth >= 0
    sizes = np.bincount(assignment, minlength=len(names))
    figures: dict[str, Any] = {"purity": None, "normalized_mutual_information": None, "adjusted_rand_index": None}
    if known.any():
        counts = count_votes(assignment, truth, len(names), len(classes))  # (k, K)
        pair = truth[known], assignment[known]
        figures["purity"] = float(counts.max(1).sum() / known.sum())
        figures["normalized_mutual_information"] = float(normalized_mutual_info_score(*pair))
        figures["adjusted_rand_index"] = float(adjusted_rand_score(*pair))
    return {
        **figures,
        "clusters": len(names),
        "sizes": sizes.tolist(),
        "empty": int((sizes == 0).sum()),
        "unnamed": int((names < 0).sum()),
        "missing_classes": [name for c, name in enumerate(classes) if c not in set(names.tolist())],
    }
