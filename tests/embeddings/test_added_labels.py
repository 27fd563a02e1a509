"""Labels added to unlabeled photos: features are read again by whose they are, and computed for other pictures only."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from semisup.data import Store
from semisup.data.sources import folder as open_folder
from semisup.embeddings.plain import plain_views
from tests.embeddings.counted import Counted, network_features
from tests.embeddings.test_cached_views import embed

HIDDEN = [f"unlabeled/{name}.png" for name in "abcdef"]
NAMES = ["labeled/cat/0.png", "labeled/dog/0.png", *HIDDEN]
PICTURES = 5 * len(NAMES)  # views of each; there is no test set


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """A cat, a dog and six unlabeled images, of random pixels."""
    rng = np.random.default_rng(0)
    for name in NAMES:
        file = tmp_path / "pets" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(file)
    return tmp_path / "pets"


def opened(pets: Path, *rows: str) -> Store:
    """The store, with a table of labels if there are rows."""
    file = pets.parent / "labels.csv"
    file.write_text("\n".join(["path,label", *rows]))
    return open_folder(pets.parent / "data", str(pets), size=16, labels_file=str(file) if rows else None)


def features_of_files(pets: Path, store: Store, network: Counted) -> np.ndarray:
    """Of each file that the store names, read and embedded apart from the store."""
    pixels = np.stack([np.asarray(Image.open(pets / name)) for name in store.files()])
    with torch.no_grad():
        return network.eval().features(plain_views(store).apply("plain", torch.from_numpy(pixels), {})).numpy()


def test_no_image_is_embedded_again_when_labels_are_added(pets, folder):
    """First to the fourth of the unlabeled images, then to two more, in another order than the images."""
    network = Counted((3, 16, 16), 2)
    first = embed(opened(pets), folder, network)
    for rows in (["d.png,dog"], ["d.png,dog", "f.png,cat", "a.png,dog"]):
        store = opened(pets, *rows)
        embedded = embed(store, folder, network)
        assert network.images == PICTURES
        assert_array_equal(embedded.images, first.images)
        said = {
            name: store.classes[target]
            for name, target in zip(store.files(), store.targets, strict=True)
            if target >= 0
        }
        assert said == {NAMES[0]: "cat", NAMES[1]: "dog", **{f"unlabeled/{r[:5]}": r[6:] for r in rows}}
        assert_allclose(embedded.images[:, 0], features_of_files(pets, store, Counted((3, 16, 16), 2)), atol=2e-3)
    assert len(list(folder.iterdir())) == 1


def test_one_pixel_on_disk_embeds_again(pets, folder):
    network = Counted((3, 16, 16), 2)
    embed(opened(pets), folder, network)
    pixels = np.array(Image.open(pets / HIDDEN[3]))
    pixels[7, 7, 0] ^= 1
    Image.fromarray(pixels).save(pets / HIDDEN[3])
    store = opened(pets, "d.png,dog")
    embedded = embed(store, folder, network)
    assert network.images == 2 * PICTURES
    assert_allclose(embedded.images[:, 0], features_of_files(pets, store, Counted((3, 16, 16), 2)), atol=2e-3)


def test_images_that_change_places_embed_again(pets, folder):
    """A file that is moved to a class folder stands elsewhere in the data set."""
    network = Counted((3, 16, 16), 2)
    embed(opened(pets), folder, network)
    (pets / HIDDEN[3]).rename(pets / "labeled" / "dog" / "1.png")
    store = opened(pets)
    embedded = embed(store, folder, network)
    assert network.images == 2 * PICTURES
    assert_allclose(embedded.images[:, 0], features_of_files(pets, store, Counted((3, 16, 16), 2)), atol=2e-3)


def test_features_of_a_labeler_are_read_again_as_well(pets, folder):
    network, rows = Counted((3, 16, 16), 2), np.arange(len(NAMES))
    first = network_features(network, opened(pets), rows, folder)
    store = opened(pets, "d.png,dog", "b.png,cat")
    assert_array_equal(network_features(network, store, rows, folder), first)
    assert network.images == len(NAMES)
    assert_allclose(first, features_of_files(pets, store, Counted((3, 16, 16), 2)), atol=1e-6)
