"""What a run's page shows of single images: calibration, embedding and galleries."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semisup.data import Store
from semisup.embeddings.map import first_components
from semisup.labelers.files import read_labels
from semisup.metrics.calibration import BOUNDS, fit_temperature, softmax
from semisup.reports.run_page.charts import Bar, bars, scatter
from semisup.reports.run_page.class_metrics import Classes, Probabilities, reliability
from semisup.reports.run_page.galleries import Sheet, Shown, gallery, sheet
from semisup.reports.run_page.network import Network, some, umap
from semisup.reports.run_page.summary import count
from semisup.runs.labeling import LABELS


@dataclass(frozen=True)
class Diagram:
    """A reliability diagram of the test images."""

    name: str
    error: float
    bars: list[Bar]


@dataclass(frozen=True)
class Dot:
    """A test image of a scatter. number: of its true class, for the colour."""

    index: int
    true: str
    predicted: str
    confidence: float
    number: int


@dataclass(frozen=True)
class Embedding:
    """Test images in two dimensions. maps: places of the dots, by the name of the method."""

    dots: list[Dot]
    maps: dict[str, list[tuple[float, float]]]
    sheet: Sheet | None
    of: int


@dataclass(frozen=True)
class Gallery:
    """Some images. note: of how many they are the most confident."""

    key: str
    title: str
    note: str
    images: list[Shown]


def temperature(network: Network, store: Store, validation: Classes) -> float | None:
    """The run's, or, of a run from before there was one, fitted now; None without validation images, (n,)."""
    if network.temperature is not None or not len(validation):
        return network.temperature
    return fit_temperature(network.look(store.images, validation).logits, store.targets[validation])


def diagrams(probability: Probabilities, label: Classes, temperature: float | None) -> list[Diagram]:
    """Before and, where there is one, after the temperature. probability: (N, K) of the test images."""
    named = {"as trained": probability}
    if temperature is not None:
        # softmax(log p / T) = softmax(z / T), as log p and the logits z differ by a number per image
        logits = np.log(np.maximum(probability, np.finfo(np.float32).tiny))
        named[f"temperature {temperature:.2f}"] = softmax(logits, temperature)
    found = {name: reliability(values, label) for name, values in named.items()}
    return [Diagram(name, error, bars(bins)) for name, (bins, error) in found.items()]


def embedding(network: Network, store: Store, with_umap: bool = False) -> Embedding | str:
    """At most 2,000 test images by the network's features, or why there are none."""
    if len(store.test_images) < 3:
        return "There are too few test images."
    look = network.look(store.test_images, some(np.arange(len(store.test_images))))
    probability = softmax(look.logits)
    dots = [
        Dot(int(row), store.classes[true], store.classes[said], round(float(sure), 4), int(true))
        for row, true, said, sure in zip(
            look.index, store.test_targets[look.index], probability.argmax(-1), probability.max(-1), strict=True
        )
    ]
    maps = {"PCA": scatter(first_components(look.features))}
    if with_umap and (mapped := umap(look.features)) is not None:
        maps["UMAP"] = scatter(mapped)
    pictures = sheet(store.test_images, look.index) if len(store.shape) == 3 else None
    return Embedding(dots, maps, pictures, len(store.test_images))


def calibration(temperature: float | None, validation: int) -> str:
    """What the diagrams show. validation: how many images the temperature was fitted on."""
    what = "Test images by their largest probability, in bins: how many are right, and how many the network expected."
    if temperature is None:
        return f"{what} There are no validation images, or no network, to fit a temperature."
    fitted = f"{what} A temperature of {temperature:.2f}, fitted on {count(validation, 'validation image')},"
    low, high = BOUNDS
    if not 1.01 * low < temperature < high / 1.01:
        return f"{fitted} is the end of the range that is searched: these images are too few to tell."
    return f"{fitted} says that the network is {'too sure' if temperature > 1 else 'not sure enough'}."


def tested(store: Store, probability: Probabilities, label: Classes) -> list[Gallery]:
    """The test images that the network is most sure of: rightly, and wrongly. probability: (N, K); label: (N,)."""
    said, sure, index = probability.argmax(-1), probability.max(-1), np.arange(len(label))
    galleries = []
    for right, key, title in (
        (True, "right", "Most confident and right"),
        (False, "wrong", "Most confident and wrong"),
    ):
        images = gallery(store.test_images, index, said, label, sure, store.classes, right=right)
        total = int(((said == label) == right).sum())
        galleries.append(Gallery(key, title, f"{len(images)} of {count(total, 'test image')}", images))
    return galleries


def audited(run: Path, network: Network | None, store: Store, unlabeled: Classes, rounds: int) -> Gallery | str:
    """The most confident wrong labels of unlabeled images, which the audit knows to be wrong; or why there are none.

    unlabeled: (n,), the split's unlabeled images. The labels are the last that a round has left, or, in a run without
    such, what the network says.
    """
    if not len(unlabeled):
        return "The split has no unlabeled images."
    if not (store.targets[unlabeled] >= 0).any():
        return "Nobody knows the classes of the unlabeled images, so none of their labels is known to be wrong."
    files = [run / f"round{number}" / LABELS for number in reversed(range(rounds))]
    left = next((file for file in files if file.exists()), None)
    if left is not None:
        labels = read_labels(left, store, unlabeled)
        kept = labels.weight > 0
        rows, said, sure = unlabeled[kept], labels.classes[kept], labels.confidence[kept]
        title = "Pseudo-labels that the audit found wrong"
        what = f"{count(len(rows), 'pseudo-label')} that {left.parent.name.replace('round', 'round ')} kept"
    elif network is not None:
        look = network.look(store.images, some(unlabeled))
        probability = softmax(look.logits)
        rows, said, sure = look.index, probability.argmax(-1), probability.max(-1)
        title = "Unlabeled images that the network gets wrong"
        what = f"{len(rows):,} looked at, of {count(len(unlabeled), 'unlabeled image')}"
    else:
        return "The run has neither pseudo-labels nor a network."
    true = store.targets[rows]
    images = gallery(store.images, rows, said, true, sure, store.classes, right=False)
    wrong = int(((true >= 0) & (said != true)).sum())
    return Gallery("audit", title, f"{len(images)} of {wrong:,} wrong ones; {what}", images)
