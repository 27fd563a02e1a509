"""Pictures of a round's labels: where they lie in the embedding, and what the clusters hold."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semisup.data.store import Store
from semisup.embeddings.map import map_positions
from semisup.labelers.inputs import LabelerInputs, Labels
from semisup.labelers.named_clusters import NamedClusters
from semisup.reports.figures.figure import new_figure, save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Integers = NDArray[np.int64]
ROWS, IMAGES = 20, 8  # of a contact sheet at most: clusters, and images at each end of one
COLOURS = 19  # that a person can tell apart, none of them grey
GREY = "lightgrey"


def draw(
    folder: Path, store: Store, inputs: LabelerInputs, truth: Integers, labels: Labels, clusters: NamedClusters | None
) -> None:
    """Draws what is not there yet: clusters.png, and of clusters of images, contact_sheet.png.

    bank: with features. truth: (N,), the classes of the bank's images, -1 = unknown. labels, clusters: of the bank.
    """
    file = folder / "clusters.png"
    if not file.exists():
        assert inputs.features is not None
        kept = np.where(inputs.label >= 0, inputs.label, np.where(labels.weight > 0, labels.classes, -1))
        title, label = ("pseudo-label", kept) if clusters is None else ("cluster label", clusters.labels)
        rows, position = map_positions(inputs.features)
        save(scatter(position, {"true class": truth[rows], title: label[rows]}, store.classes), file)
    file = folder / "contact_sheet.png"
    if clusters is not None and store.images.ndim == 4 and not file.exists():
        save(contact_sheet(store, clusters, truth), file)


def scatter(position: NDArray[np.floating], by: dict[str, Integers], classes: tuple[str, ...]) -> "Figure":
    """Images in two dimensions, side by side for each way to color them.

    Args:
        position: (n, 2), the first two principal components.
        by: The title of each part, and the classes that it shows, (n,); -1 is drawn in gray.
        classes: Their names. There is a legend for up to 19.

    Returns:
        The figure.
    """
    from matplotlib.lines import Line2D

    x, y = position.T
    colours = palette(len(classes))  # (K, 4)
    figure = new_figure(5.2 * len(by) + 1.6, 5)
    parts = np.atleast_1d(figure.subplots(1, len(by), sharex=True, sharey=True))
    for axes, (title, label) in zip(parts, by.items(), strict=True):
        known = label >= 0
        axes.scatter(x[~known], y[~known], s=4, c=GREY, linewidths=0)
        axes.scatter(x[known], y[known], s=4, c=colours[label[known]], linewidths=0)
        axes.set(title=f"by {title}", xlabel="component 1", ylabel="component 2")
    if len(classes) <= COLOURS:
        names = [*zip(classes, colours, strict=True), ("none, or unknown", GREY)]
        dots = [Line2D([], [], marker="o", linestyle="", color=colour, label=name) for name, colour in names]
        figure.legend(handles=dots, loc="outside right center", fontsize="small", frameon=False)
    return figure


def palette(classes: int) -> NDArray[np.float64]:
    """Colours of classes, (K, 4), as different as so many can be."""
    from matplotlib import colormaps

    if classes > COLOURS:
        return colormaps["gist_rainbow"](np.linspace(0, 1, classes))
    twenty = colormaps["tab20"](np.arange(20))
    dark, light = (np.delete(shades, 7, axis=0) for shades in (twenty[::2], twenty[1::2]))  # without the greys
    return np.concatenate([dark, [(0, 0, 0, 1)], light])[:classes]


def contact_sheet(store: Store, clusters: NamedClusters, truth: Integers) -> "Figure":
    """A row for each of the largest clusters: its most and its least certain images.

    These are the nearest to the centroid, from the left, and, after a gap, the farthest, up to the right. truth: (N,),
    the classes of the clusters' images, -1 = unknown.
    """
    largest = np.argsort(-clusters.sizes, kind="stable")[: min(ROWS, int((clusters.sizes > 0).sum()))]
    height, width = store.images.shape[1:3]
    row_height = 0.22 + 9 / (2 * IMAGES + 1) * height / width
    figure = new_figure(9, 0.6 + row_height * len(largest))
    figure.suptitle("left: nearest to the centroid; right: farthest from it", fontsize="small")
    for axes, cluster in zip(np.atleast_1d(figure.subplots(len(largest), 1)), largest.tolist(), strict=True):
        inside = np.flatnonzero(clusters.assignment == cluster)
        axes.imshow(strip(store, clusters, inside))
        axes.set_axis_off()
        axes.set_title(
            row_title(cluster, clusters, truth[inside], store.classes), fontsize="x-small", loc="left", pad=2
        )
    return figure


def row_title(cluster: int, clusters: NamedClusters, truth: Integers, classes: tuple[str, ...]) -> str:
    """Number, name and size of a cluster, and where known, the share of its images whose class it is."""
    name, known = int(clusters.names[cluster]), truth >= 0
    words = [
        f"cluster {cluster}: {classes[name] if name >= 0 else 'no name'}",
        f"{len(truth):,} image{'s' * (len(truth) > 1)}",
    ]
    if name >= 0 and known.any():
        words.append(f"{(truth[known] == name).mean():.0%} right")
    return ", ".join(words)


def strip(store: Store, clusters: NamedClusters, inside: Integers) -> NDArray[Any]:
    """Images of a cluster side by side: up to 8 nearest, room for one, up to 8 farthest.

    inside: (n,), the rows that belong to the cluster. No image is shown twice. Returns (H, 17 (W + gap), 3) uint8.
    """
    order = inside[np.argsort(clusters.distance[inside], kind="stable")]
    ends = order[:IMAGES], order[max(IMAGES, len(order) - IMAGES) :]
    height, width = store.images.shape[1:3]
    step = width + max(1, width // 16)
    sheet = np.full((height, (2 * IMAGES + 1) * step, 3), 255, np.uint8)
    for place, row in [*enumerate(ends[0]), *enumerate(ends[1], start=2 * IMAGES + 1 - len(ends[1]))]:
        sheet[:, place * step : place * step + width] = store.images[clusters.index[row]]  # grey ones thrice
    return sheet
