"""Pseudo-labels from clusters of embeddings, named by the few labeled images in them."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.labelers.confident import refuse_other
from semisup.labelers.inputs import LabelerInputs, Labels
from semisup.labelers.kmeans import Clustering, Gpu, assign, kmeans, reassigned
from semisup.labelers.named_clusters import NamedClusters
from semisup.labelers.naming import count_votes, greedy, majority, optimal, purity

NAMERS = {"majority": majority, "greedy": greedy, "optimal": optimal}
LABELED_PER_CLUSTER = 5  # where k is left to the labeler


class ClusterLabeler:
    """k-means on the embeddings; each cluster takes its name from the labeled images in it. No paper; our notebook's.

    k: clusters; None = one for every five labeled images, but at least as many as classes, and as many as classes where
        each of them is to have one cluster. Never more than images.
    iterations, restarts, spherical, max_points, gpu: of k-means; seed: of all that it draws.
    init: random images, or the mean of each class's labeled images (and random ones where k is above the classes).
    fit_on: k-means sees all images, or the labeled ones only; all get a cluster.
    names: majority = the class with most labeled images in the cluster; greedy and optimal = one cluster a class.
    unnamed: images of a cluster without a name are dropped, or get the name of the nearest cluster that has one.
    weight: of an unlabeled image; times the purity of its cluster with weighting=purity, or times
        exp(-distance to the centroid / mean of that distance over all images) with weighting=distance.
    smoothing: of the purity, which is also the confidence: so many votes, spread evenly over the classes, are added.

    After a call, `clusters` is what was found of the bank's images, and `centroids`, (k, D), where the clusters are.
    """

    reads = ("features",)

    def __init__(
        self,
        *,
        k: int | None = None,
        iterations: int = 20,
        restarts: int = 1,
        spherical: bool = False,
        seed: int = 0,
        init: Literal["random", "class_means"] = "random",
        fit_on: Literal["all", "labeled"] = "all",
        max_points: int | None = None,
        names: Literal["majority", "greedy", "optimal"] = "majority",
        unnamed: Literal["drop", "nearest"] = "drop",
        weighting: Literal["constant", "purity", "distance"] = "constant",
        smoothing: float = 1.0,
        weight: float = 0.1,
        gpu: Gpu = "auto",
    ) -> None:
        refuse_other("init", init, ("random", "class_means"))
        refuse_other("fit_on", fit_on, ("all", "labeled"))
        refuse_other("names", names, tuple(NAMERS))
        refuse_other("unnamed", unnamed, ("drop", "nearest"))
        refuse_other("weighting", weighting, ("constant", "purity", "distance"))
        for option, number in {
            "k": k,
            "iterations": iterations,
            "restarts": restarts,
            "max_points": max_points,
        }.items():
            if number is not None and number < 1:
                raise SemisupError(f"labeler.{option} is at least 1; got {number}.")
        if seed < 0:
            raise SemisupError(f"labeler.seed is at least 0; got {seed}.")
        if not 0 <= smoothing < float("inf"):
            raise SemisupError(f"labeler.smoothing is at least 0; got {smoothing}.")
        if not 0 < weight < float("inf"):
            raise SemisupError(f"labeler.weight is above 0; got {weight}.")
        self.k, self.init, self.fit_on = k, init, fit_on
        self.metric: dict[str, Any] = {"spherical": spherical, "gpu": gpu}
        self.search: dict[str, Any] = {
            "iterations": iterations,
            "restarts": restarts,
            "seed": seed,
            "max_points": max_points,
        }
        self.namer, self.unnamed = NAMERS[names], unnamed
        self.weighting, self.smoothing, self.weight = weighting, smoothing, weight
        self.clusters: NamedClusters | None = None
        self.centroids: NDArray[np.float32] | None = None

    def __call__(self, inputs: LabelerInputs) -> Labels:
        """Labels of the bank's images. Labeled ones name the clusters and get weight 0.

        The target of a dropped image is the name of the nearest cluster that has one. Raises SemisupError without
        embeddings or without labeled images, and for what k-means cannot cluster.
        """
        features, known = embeddings(inputs, "ClusterLabeler")
        classes = int(inputs.label.max()) + 1
        found = self._cluster(features, inputs.label, known, classes)
        votes = count_votes(found.assignment, inputs.label, len(found.sizes), classes)  # (k, K)
        own = self.namer(votes)  # (k,)
        name = self._completed(own, found)  # (k,), each has one
        names = own if self.unnamed == "drop" else name
        self.centroids = found.centroids
        self.clusters = NamedClusters(
            inputs.index, found.assignment, found.distance, names, np.array(found.objective, np.float64)
        )
        share = purity(votes, name, self.smoothing)[found.assignment]  # (N,)
        weight = self.weight * self._factor(found, share)
        return Labels(
            target=name[found.assignment],
            weight=np.where(known | (self.clusters.labels < 0), 0, weight).astype(np.float32),
            confidence=share,
        )

    def _cluster(
        self, features: NDArray[np.float32], label: NDArray[np.int64], known: NDArray[np.bool_], classes: int
    ) -> Clustering:
        points = features[known] if self.fit_on == "labeled" else features
        k = self.k or min(
            self._default_k(int(known.sum()), classes), len(points), self.search["max_points"] or len(points)
        )
        if k > len(points):
            raise SemisupError(f"labeler.k={k} is more than the {len(points)} images that clusters are made of.")
        means = None
        if self.init == "class_means":
            means = np.stack([features[label == c].mean(0) for c in np.unique(label[known])])  # (K, D)
            if len(means) > k:
                raise SemisupError(f"labeler.init=class_means needs labeler.k of at least {len(means)}; got {k}.")
        found = kmeans(points, k, init=means, **self.search, **self.metric)
        return found if self.fit_on == "all" else reassigned(found, features, **self.metric)

    def _default_k(self, labeled: int, classes: int) -> int:
        return max(labeled // LABELED_PER_CLUSTER, classes) if self.namer is majority else classes

    def _completed(self, name: NDArray[np.int64], found: Clustering) -> NDArray[np.int64]:
        has = name >= 0
        if has.all():
            return name
        did_you_mean, _ = assign(found.centroids[~has], found.centroids[has], **self.metric)
        name = name.copy()
        name[~has] = name[has][did_you_mean]
        return name

    def _factor(self, found: Clustering, share: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.weighting == "purity":
            return share
        mean = found.distance.mean()
        if self.weighting == "constant" or mean == 0:
            return np.ones_like(share)
        return np.exp(-found.distance / mean)


def embeddings(inputs: LabelerInputs, labeler: str) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A bank's features, (N, D), and which images are labeled, (N,). Raises SemisupError if it lacks either."""
    if inputs.features is None:
        raise SemisupError(f"the labeler {labeler} needs embeddings of the images, and there are none.")
    known = inputs.label >= 0
    if not known.any():
        raise SemisupError(f"the labeler {labeler} needs labeled images, and none of the {len(known)} is labeled.")
    return inputs.features, known
