"""Pseudo-labels from clusters of embeddings, named by the few labeled images in them."""

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.core.ranges import NonNegative, Positive, PositiveInt, Seed, enforce_ranges
from semisup.labelers.inputs import LabelerInputs, Labels, features_and_labeled
from semisup.labelers.kmeans import Clustering, Gpu, assign, kmeans, reassigned
from semisup.labelers.named_clusters import NamedClusters
from semisup.labelers.naming import count_votes, greedy, majority, optimal, purity

NAMERS = {"majority": majority, "greedy": greedy, "optimal": optimal}


@enforce_ranges
class ClusterLabeler:
    """k-means on the embeddings; each cluster is named by the labeled images in it.

    Source: none; it is that of the notebook before this package.

    Args:
        k: The number of clusters. None is one for every two labeled images up to 100 clusters, and for every five after
            that, but at least the number of classes; or as many as classes if each of these gets one cluster; never
            more than images.
        iterations: Of k-means.
        restarts: Of k-means, of which the best is taken.
        spherical: Whether k-means goes by angle.
        seed: Of everything that k-means draws.
        init: The first centroids: 'random' images, or 'class_means', those of each class's labeled images, with random
            images if k is larger.
        fit_on: Whether k-means is fitted on 'all' images or on the 'labeled' ones. All images get a cluster.
        max_points: k-means is fitted on at most so many images; None for all.
        names: 'majority' is the class with most labeled images in the cluster; 'greedy' and 'optimal' give each class
            one cluster.
        unnamed: Whether 'drop' drops the images of a cluster without a name, or 'nearest' gives it the name of the
            nearest cluster with one.
        weighting: 'purity' multiplies the weight by the purity of the cluster, 'distance' by exp(-distance to the
            centroid / mean of that distance over all images).
        smoothing: So many votes are added to each cluster, in equal parts for all classes, for its purity, which is
            also the confidence.
        weight: Of an unlabeled image.
        gpu: 'auto' uses the GPUs that FAISS finds; true requires one.

    Attributes:
        clusters: After a call, the cluster and the name of each image.
        centroids: After a call, where the clusters are, (k, D) float32.
    """

    reads: ClassVar[tuple[str, ...]] = ("features",)

    def __init__(
        self,
        *,
        k: PositiveInt | None = None,
        iterations: PositiveInt = 20,
        restarts: PositiveInt = 1,
        spherical: bool = False,
        seed: Seed = 0,
        init: Literal["random", "class_means"] = "random",
        fit_on: Literal["all", "labeled"] = "all",
        max_points: PositiveInt | None = None,
        names: Literal["majority", "greedy", "optimal"] = "majority",
        unnamed: Literal["drop", "nearest"] = "drop",
        weighting: Literal["constant", "purity", "distance"] = "constant",
        smoothing: NonNegative = 1.0,
        weight: Positive = 0.1,
        gpu: Gpu = "auto",
    ) -> None:
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
        """Labels images. Labeled ones name the clusters and get weight 0.

        The target of a dropped image is the name of the nearest cluster that has one.

        Args:
            inputs: With features.

        Returns:
            N pseudo-labels.

        Raises:
            SemisupError: If there are no features or no labeled images, or k-means cannot cluster them.
        """
        labeled = features_and_labeled(inputs, self)[1]
        found, votes = self._votes(inputs, int(inputs.label.max()) + 1)
        voted = self.namer(votes)  # (k,), -1 for a cluster without a name
        nearest = voted[self._nearest_named(voted, found)]  # (k,), each has one
        names = voted if self.unnamed == "drop" else nearest
        self.centroids = found.centroids
        self.clusters = NamedClusters(
            inputs.index, found.assignment, found.distance, names, np.array(found.objective, np.float64)
        )
        share = purity(votes, nearest, self.smoothing)[found.assignment]  # (N,)
        weight = self.weight * self._weight_factor(found, share)
        return Labels(
            target=nearest[found.assignment],
            weight=np.where(labeled | (self.clusters.labels < 0), 0, weight).astype(np.float32),
            confidence=share,
        )

    def probabilities(self, inputs: LabelerInputs, classes: int) -> NDArray[np.float32]:
        """The share of each class among the votes in an image's cluster, with the votes of `smoothing`.

        Args:
            inputs: With features.
            classes: K.

        Returns:
            (N, K) float32. Images of a cluster without a name have the shares of the nearest one with a name.

        Raises:
            SemisupError: If there are no features or no labeled images, or k-means cannot cluster them.
        """
        found, votes = self._votes(inputs, classes)
        named = votes[self._nearest_named(self.namer(votes), found)] + self.smoothing / classes  # (k, K)
        return (named / named.sum(1, keepdims=True))[found.assignment].astype(np.float32)

    def _votes(self, inputs: LabelerInputs, classes: int) -> tuple[Clustering, NDArray[np.int64]]:
        features, labeled = features_and_labeled(inputs, self)
        found = self._cluster(features, inputs.label, labeled, int(inputs.label.max()) + 1)
        return found, count_votes(found.assignment, inputs.label, len(found.sizes), classes)  # (k, K)

    def _cluster(
        self, features: NDArray[np.float32], label: NDArray[np.int64], labeled: NDArray[np.bool_], classes: int
    ) -> Clustering:
        points = features[labeled] if self.fit_on == "labeled" else features
        k = self.k or min(
            self._default_k(int(labeled.sum()), classes), len(points), self.search["max_points"] or len(points)
        )
        if k > len(points):
            raise SemisupError(f"labeler.k={k} is more than the {len(points)} images that k-means is fitted on.")
        means = None
        if self.init == "class_means":
            means = np.stack([features[label == c].mean(0) for c in np.unique(label[labeled])])  # (K, D)
            if len(means) > k:
                raise SemisupError(f"labeler.init=class_means needs labeler.k of at least {len(means)}; got {k}.")
        found = kmeans(points, k, init=means, **self.search, **self.metric)
        return found if self.fit_on == "all" else reassigned(found, features, **self.metric)

    def _default_k(self, labeled: int, classes: int) -> int:
        return max(min(labeled // 2, 100), labeled // 5, classes) if self.namer is majority else classes

    def _nearest_named(self, names: NDArray[np.int64], found: Clustering) -> NDArray[np.int64]:
        """Of each cluster, the nearest one with a name, (k,); that is itself if it has one."""
        named, rows = names >= 0, np.arange(len(names))
        if not named.all():
            nearest, _ = assign(found.centroids[~named], found.centroids[named], **self.metric)
            rows[~named] = rows[named][nearest]
        return rows

    def _weight_factor(self, found: Clustering, share: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.weighting == "purity":
            return share
        mean = found.distance.mean()
        if self.weighting == "constant" or mean == 0:
            return np.ones_like(share)
        return np.exp(-found.distance / mean)
