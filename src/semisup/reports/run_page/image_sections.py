"""The sections of a run's page that show single images: calibration, embedding and galleries."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semisup.data import Store
from semisup.embeddings.map import first_components
from semisup.labelers.files import read_labels
from semisup.metrics.calibration import BOUNDS, fit_temperature, softmax
from semisup.reports.figures.clusters import scatter
from semisup.reports.run_page.class_metrics import ReliabilityBin, reliability
from semisup.reports.run_page.galleries import GalleryImage, most_confident
from semisup.reports.run_page.network import RunNetwork, evenly_spaced, umap_positions
from semisup.reports.run_page.summary import count
from semisup.runs.labeling import LABELS
from semisup.runs.run_files import SavedPredictions
from semisup.runs.trained_run import TrainedRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Classes = NDArray[np.int64]


@dataclass(frozen=True)
class ReliabilityDiagram:
    """A reliability diagram of the test images.

    Args:
        name: Of the probabilities.
        error: Their calibration error.
        bins: 15 bins.
    """

    name: str
    error: float
    bins: list[ReliabilityBin]


@dataclass(frozen=True)
class Gallery:
    """Some images.

    Args:
        key: Its id in the page.
        title: What the images are.
        note: How many images they were chosen from.
        images: The most confident first.
    """

    key: str
    title: str
    note: str
    images: list[GalleryImage]


def temperature_of(network: RunNetwork, store: Store, validation: Classes) -> float | None:
    """The temperature of the network.

    Args:
        network: The network.
        store: The run's data set.
        validation: The rows of the validation images, (n,).

    Returns:
        That of the run; if an older run has none, it is fitted now. None without validation images.
    """
    if network.temperature is not None or not len(validation):
        return network.temperature
    return fit_temperature(network.outputs(store.images, validation).logits, store.targets[validation])


def reliability_diagrams(
    probability: NDArray[np.floating], label: Classes, temperature: float | None
) -> list[ReliabilityDiagram]:
    """Reliability before and after the temperature.

    Args:
        probability: Of the test images, (N, K).
        label: Their classes, (N,).
        temperature: None for none.

    Returns:
        One diagram, or two with a temperature.
    """
    named = {"as trained": probability}
    if temperature is not None:
        # softmax(log p / T) = softmax(z / T), as log p and the logits z differ by a number per image
        logits = np.log(np.maximum(probability, np.finfo(np.float32).tiny))
        named[f"temperature {temperature:.2f}"] = softmax(logits, temperature)
    found = {name: reliability(values, label) for name, values in named.items()}
    return [ReliabilityDiagram(name, error, bins) for name, (bins, error) in found.items()]


def calibration_note(temperature: float | None, validation: int) -> str:
    """What the reliability diagrams show.

    Args:
        temperature: None for none.
        validation: How many images it was fitted on.

    Returns:
        Sentences.
    """
    what = "Test images in bins of their largest probability: the accuracy, and the mean confidence of the network."
    if temperature is None:
        return f"{what} There are no validation images, or no network, to fit a temperature."
    fitted = f"{what} A temperature of {temperature:.2f}, fitted on {count(validation, 'validation image')},"
    low, high = BOUNDS
    if not 1.01 * low < temperature < high / 1.01:
        return f"{fitted} is the end of the range that is searched: there are too few of these images."
    return f"{fitted} means that the network is {'overconfident' if temperature > 1 else 'underconfident'}."


def embedding_figure(network: RunNetwork, store: Store, umap: bool = False) -> "tuple[Figure, str] | str":
    """At most 2,000 test images by the features of the network.

    Args:
        network: The network.
        store: The run's data set.
        umap: Whether UMAP is shown beside PCA, if umap-learn is installed.

    Returns:
        The figure and a sentence about it, or the reason why there is none.
    """
    images = len(store.scored)
    if images < 3:
        return "There are too few test images."
    found = network.outputs(store.test_images, evenly_spaced(store.scored))
    label = store.test_targets[found.index]
    panels: dict[str, tuple[NDArray[np.floating], Classes]] = {"PCA": (first_components(found.features), label)}
    if umap and (positions := umap_positions(found.features)) is not None:
        panels["UMAP"] = positions, label
    figure = scatter(panels, store.classes, wrong=found.logits.argmax(-1) != label)
    return figure, (
        f"{len(label):,} of {count(images, 'test image')} by the features of the network's last layer but one. The "
        "color is the true class; images with a wrong prediction are hollow."
    )


def tested_galleries(store: Store, saved: SavedPredictions) -> list[Gallery]:
    """The test images with the most confident predictions, correct and wrong.

    Args:
        store: The run's data set.
        saved: The predictions.

    Returns:
        Two galleries.
    """
    predicted, confidence = saved.probability.argmax(-1), saved.probability.max(-1)
    index, label, galleries = saved.index, saved.label, []
    for correct, key in ((True, "correct"), (False, "wrong")):
        images = most_confident(store.test_images, index, predicted, label, confidence, store.classes, correct=correct)
        total = int(((predicted == label) == correct).sum())
        note = f"{len(images)} of {count(total, 'test image')}"
        galleries.append(Gallery(key, f"Most confident and {key}", note, images))
    return galleries


def audit_gallery(run: TrainedRun, network: RunNetwork | None, store: Store, unlabeled: Classes) -> Gallery | str:
    """The most confident wrong labels of unlabeled images, which the audit knows to be wrong.

    The labels are the last that a round has left, or, in a run without such, the predictions of the network.

    Args:
        run: The run.
        network: Its network, if it has one.
        store: Its data set.
        unlabeled: The rows of the unlabeled images, (n,).

    Returns:
        The gallery, or the reason why there is none.
    """
    if not len(unlabeled):
        return "The split has no unlabeled images."
    if not (store.targets[unlabeled] >= 0).any():
        return "Nobody knows the classes of the unlabeled images, so none of their labels is known to be wrong."
    folders = [run.folder / f"round{record['round']}" for record in reversed(run.result["rounds"])]
    file = next((folder / LABELS for folder in folders if (folder / LABELS).exists()), None)
    if file is not None:
        labels = read_labels(file, store, unlabeled)
        kept = labels.weight > 0
        rows, predicted, confidence = unlabeled[kept], labels.classes[kept], labels.confidence[kept]
        title = "Pseudo-labels that the audit found wrong"
        what = f"{count(len(rows), 'pseudo-label')} that {file.parent.name.replace('round', 'round ')} kept"
    elif network is not None:
        found = network.outputs(store.images, evenly_spaced(unlabeled))
        probability = softmax(found.logits)
        rows, predicted, confidence = found.index, probability.argmax(-1), probability.max(-1)
        title = "Unlabeled images with a wrong prediction"
        what = f"{len(rows):,} were predicted, of {count(len(unlabeled), 'unlabeled image')}"
    else:
        return "The run has neither pseudo-labels nor a network."
    true = store.targets[rows]
    images = most_confident(store.images, rows, predicted, true, confidence, store.classes, correct=False)
    wrong = int(((true >= 0) & (predicted != true)).sum())
    return Gallery("audit", title, f"{len(images)} of {wrong:,} wrong ones; {what}", images)
