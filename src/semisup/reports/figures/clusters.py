"""Figures of a round's labels: where they are in the embedding, and which images the clusters contain."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semisup.data.store import Store
from semisup.labelers.named_clusters import NamedClusters
from semisup.reports.figures.figure import MOST_COLORS, UNKNOWN, class_colors, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Integers = NDArray[np.int64]
_ROWS, IMAGES = 20, 8  # of a contact sheet at most: clusters, and images at each end of one


def scatter(
    panels: Mapping[str, tuple[NDArray[np.floating], Integers]],
    classes: tuple[str, ...],
    wrong: NDArray[np.bool_] | None = None,
) -> "Figure":
    """Images in two dimensions, colored by class, in panels side by side.

    Args:
        panels: By its title, what a panel shows: positions (n, 2), and classes (n,); -1 is drawn in gray.
        classes: The names of the classes. There is a legend for up to 19.
        wrong: Which images are drawn hollow, (n,); None for none.

    Returns:
        The figure. Its dots are pixels in an SVG, too.
    """
    from matplotlib.lines import Line2D

    colors = class_colors(len(classes))  # (K, 4)
    figure = new_figure(5.2 * len(panels) + 1.6, 5)
    for axes, (title, (position, label)) in zip(
        np.atleast_1d(figure.subplots(1, len(panels))), panels.items(), strict=True
    ):
        known = label >= 0
        hollow = np.zeros(len(label), bool) if wrong is None else wrong
        axes.scatter(*position[~known].T, s=4, c=UNKNOWN, linewidths=0, rasterized=True)
        filled, edges = colors[label[known & ~hollow]], colors[label[known & hollow]]
        axes.scatter(*position[known & ~hollow].T, s=4, c=filled, linewidths=0, rasterized=True)
        if hollow.any():
            style: dict[str, Any] = {"facecolors": "none", "linewidths": 0.6, "rasterized": True}
            axes.scatter(*position[known & hollow].T, s=9, edgecolors=edges, **style)
        axes.set(title=title, xlabel="component 1", ylabel="component 2")
    if len(classes) <= MOST_COLORS:
        unknown = any((label < 0).any() for _, label in panels.values())
        names = [*zip(classes, colors, strict=True), *([("none, or unknown", UNKNOWN)] if unknown else [])]
        dots = [Line2D([], [], marker="o", linestyle="", color=color, label=name) for name, color in names]
        figure.legend(handles=dots, loc="outside right center", fontsize="small", frameon=False)
    return figure


def contact_sheet(store: Store, clusters: NamedClusters, truth: Integers) -> "Figure":
    """A row for each of the largest clusters: the images nearest to the centroid, a gap, and the farthest ones.

    Args:
        store: The images.
        clusters: The clusters of N images.
        truth: The true classes of these images, (N,); -1 = unknown.

    Returns:
        The figure, with at most 20 rows.
    """
    largest = np.argsort(-clusters.sizes, kind="stable")[: min(_ROWS, int((clusters.sizes > 0).sum()))]
    height, width = store.images.shape[1:3]
    row_height = 0.22 + 9 / (2 * IMAGES + 1) * height / width
    figure = new_figure(9, 0.6 + row_height * len(largest))
    figure.suptitle("left: nearest to the centroid; right: farthest from it", fontsize="small")
    for axes, cluster in zip(np.atleast_1d(figure.subplots(len(largest), 1)), largest.tolist(), strict=True):
        inside = np.flatnonzero(clusters.assignment == cluster)
        axes.imshow(strip(store, clusters, inside))
        axes.set_axis_off()
        title = row_title(cluster, clusters, truth[inside], store.classes)
        axes.set_title(title, fontsize="x-small", loc="left", pad=2)
    return figure


def row_title(cluster: int, clusters: NamedClusters, truth: Integers, classes: tuple[str, ...]) -> str:
    """The title of a cluster's row.

    Args:
        cluster: The number of the cluster.
        clusters: All clusters.
        truth: The true classes of its images, (n,); -1 = unknown.
        classes: The names of the classes.

    Returns:
        Number, name and size of the cluster, and which share of its images is of the class it is named for.
    """
    name, known = int(clusters.names[cluster]), truth >= 0
    words = [
        f"cluster {cluster}: {classes[name] if name >= 0 else 'no name'}",
        f"{len(truth):,} image{'s' * (len(truth) > 1)}",
    ]
    if name >= 0 and known.any():
        words.append(f"{(truth[known] == name).mean():.0%} correct")
    return ", ".join(words)


def strip(store: Store, clusters: NamedClusters, inside: Integers) -> NDArray[np.uint8]:
    """Images of a cluster side by side: up to 8 nearest, room for one, up to 8 farthest; none twice.

    Args:
        store: The images, (M, H, W, C).
        clusters: All clusters.
        inside: The rows of `clusters` that belong to this cluster, (n,).

    Returns:
        (H, 17 (W + gap), 3) uint8.
    """
    order = inside[np.argsort(clusters.distance[inside], kind="stable")]
    ends = order[:IMAGES], order[max(IMAGES, len(order) - IMAGES) :]
    height, width = store.images.shape[1:3]
    step = width + max(1, width // 16)
    sheet = np.full((height, (2 * IMAGES + 1) * step, 3), 255, np.uint8)
    for place, row in [*enumerate(ends[0]), *enumerate(ends[1], start=2 * IMAGES + 1 - len(ends[1]))]:
        sheet[:, place * step : place * step + width] = store.images[clusters.index[row]]  # one channel becomes three
    return sheet
