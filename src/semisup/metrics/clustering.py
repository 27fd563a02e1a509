"""How well clusters agree with the classes, where these are known."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def cluster_quality(assignment: Integers, truth: Integers, names: Integers, classes: tuple[str, ...]) -> dict[str, Any]:
    """The agreement of clusters with classes, and the sizes and names of the clusters, ready for JSON.

    Args:
        assignment: Each image's cluster, (N,).
        truth: Each image's class, (N,); -1 where nobody knows it. Such an image counts in the sizes alone.
        names: The class that each cluster stands for, (k,); -1 for none.
        classes: The names of all classes.

    Returns:
        A dictionary with these entries, of which the first three are None if no class is known:

        - `purity`: the share of the images that are of the most frequent class of their cluster;
        - `normalized_mutual_information` (by the arithmetic mean) and `adjusted_rand_index`: as in scikit-learn;
        - `clusters`: k;
        - `sizes`: the images of each cluster;
        - `empty`: the number of clusters without images;
        - `unnamed`: the number of clusters that stand for no class;
        - `missing_classes`: the names of the classes that no cluster stands for.
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix

    known = truth >= 0
    sizes = np.bincount(assignment, minlength=len(names))
    figures: dict[str, Any] = {"purity": None, "normalized_mutual_information": None, "adjusted_rand_index": None}
    if known.any():
        pair = truth[known], assignment[known]
        figures["purity"] = float(contingency_matrix(*pair).max(0).sum() / known.sum())
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
