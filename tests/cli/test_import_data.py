"""`semisup import`: class folders become a data set with a name."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from semisup.cli.main import main
from semisup.core.errors import SemisupError
from semisup.data.sources import stored, torchvision_set
from semisup.data.store import open_store

ROOT = Path(__file__).parents[2]


def save(file: Path, value: int, size: tuple[int, int] = (6, 5), mode: str = "RGB") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((size[1], size[0]), value, np.uint8)).convert(mode).save(file)


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Two training images and one test image of each digit, the digit's colour being 20 times itself."""
    for digit in range(10):
        for name in ("train/{}/a.png", "train/{}/b.png", "test/{}/c.png"):
            save(tmp_path / "raw" / name.format(digit), 20 * digit, mode="L")
    return tmp_path / "raw"


def run(tmp_path: Path, name: str, path: object, *options: str) -> int:
    return main(["import", f"name={name}", f"path={path}", f"data_dir={tmp_path / 'data'}", *options])


def test_what_is_imported_is_what_the_source_of_that_name_opens(tmp_path, digits, capsys):
    """Grey pictures keep their one channel, and their own size where all have the same."""
    assert run(tmp_path, "mnist", digits) == 0
    store = torchvision_set(tmp_path / "data", "mnist")
    assert store.shape == (1, 5, 6)
    assert_array_equal(store.targets, np.repeat(np.arange(10), 2))
    assert_array_equal(store.images[:, 0, 0, 0], 20 * store.targets)
    assert_array_equal(store.test_targets, np.arange(10))
    assert store.classes == tuple("0123456789")
    said = capsys.readouterr().out
    assert said.startswith("mnist: 20 train and 10 test images of shape (1, 5, 6) in 10 classes, ")
    assert str(tmp_path / "data" / "stores" / "mnist") in said


def test_fashion_mnist_gets_its_official_class_order_and_names(tmp_path):
    names = ["Ankle_boot", "Bag", "Coat", "Dress", "Pullover", "Sandal", "Shirt", "Sneaker", "T-shirt_top", "Trouser"]
    for value, name in enumerate(names):
        save(tmp_path / "raw" / "train" / name / "a.png", value)
        save(tmp_path / "raw" / "test" / name / "a.png", value)
    assert run(tmp_path, "fashion_mnist", tmp_path / "raw") == 0
    store = open_store(tmp_path / "data" / "stores" / "fashion_mnist")
    assert store.classes[:3] == ("T-shirt/top", "Trouser", "Pullover")
    for images, targets in ((store.images, store.targets), (store.test_images, store.test_targets)):
        folders = [names[value] for value in images[:, 0, 0, 0]]
        plain = [store.classes[target].replace("/", "_").replace(" ", "_") for target in targets]
        assert folders == plain


def test_class_folders_with_a_test_fraction(tmp_path, digits):
    assert run(tmp_path, "mine", digits / "train", "test_fraction=.5") == 0
    store = stored(tmp_path / "data", "mine")
    assert_array_equal(store.targets, np.arange(10))
    assert_array_equal(store.test_targets, np.arange(10))


def test_a_size_is_needed_where_the_pictures_have_several(tmp_path, digits, capsys):
    save(digits / "train" / "3" / "large.png", 60, size=(9, 9))
    assert run(tmp_path, "mnist", digits) == 1
    assert "have 2 different sizes; choose one with size=..." in capsys.readouterr().err
    assert run(tmp_path, "mnist", digits, "size=4") == 0
    assert open_store(tmp_path / "data" / "stores" / "mnist").shape == (3, 4, 4)  # the large one is not grey
    assert run(tmp_path, "grey", digits, "size=4", "grey=true") == 0
    assert open_store(tmp_path / "data" / "stores" / "grey").shape == (1, 4, 4)


def test_a_store_is_replaced_only_when_asked_and_only_by_a_whole_one(tmp_path, digits, capsys):
    assert run(tmp_path, "mnist", digits) == 0
    (digits / "train" / "0" / "broken.png").touch()
    assert run(tmp_path, "mnist", digits) == 1
    assert "mnist is already there; add overwrite=true" in capsys.readouterr().err
    assert run(tmp_path, "mnist", digits, "overwrite=true") == 1
    assert "train/0/broken.png (empty file)" in capsys.readouterr().err
    assert len(open_store(tmp_path / "data" / "stores" / "mnist").images) == 20
    save(digits / "train" / "0" / "new.png", 0, mode="L")
    assert run(tmp_path, "mnist", digits, "overwrite=true", "skip_unreadable=true") == 0
    assert len(open_store(tmp_path / "data" / "stores" / "mnist").images) == 21
    assert [path.name for path in (tmp_path / "data" / "stores").iterdir()] == ["mnist"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mnist", "nowhere"], "semisup: there is no folder nowhere;"),
        (["../mnist", "."], "semisup: '../mnist' cannot be a data set's name;"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_status_1(tmp_path, capsys, arguments, sentence):
    assert run(tmp_path, *arguments) == 1
    said = capsys.readouterr().err
    assert said.startswith(sentence)
    assert said.count("\n") == 1


def test_a_killed_import_leaves_nothing_that_is_read_and_can_be_repeated(tmp_path, digits, capsys):
    """Killed as soon as it writes; 1,500 pictures keep it busy for longer than that."""
    for number in range(1500):
        os.link(digits / "train" / "7" / "a.png", digits / "train" / "7" / f"{number}.png")
    command = [sys.executable, "-m", "semisup", "import", "mnist", str(digits), f"data_dir={tmp_path / 'data'}"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("data/stores/.mnist.tmp-*/images.npy")) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -9, "the import ended before it was killed"
    assert not (tmp_path / "data" / "stores" / "mnist").exists()
    assert run(tmp_path, "mnist", digits) == 0
    assert len(open_store(tmp_path / "data" / "stores" / "mnist").images) == 1520


def test_a_data_set_that_was_not_brought_in_is_asked_for_by_the_nearest_name(tmp_path):
    with pytest.raises(SemisupError, match=r"no data set .birds. in .*semisup import name=birds"):
        stored(tmp_path, "birds")
    (tmp_path / "stores" / "birds").mkdir(parents=True)
    with pytest.raises(SemisupError, match="did you mean 'birds'"):
        stored(tmp_path, "bird")


def test_the_old_way_of_writing_it_still_works(tmp_path, digits):
    """Name and folder as words, and --options."""
    script = [sys.executable, "scripts/import_data.py", "mnist", str(digits), "--size", "4", "--grey"]
    command = [*script, "--data-dir", str(tmp_path / "data")]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60).returncode == 0
    assert open_store(tmp_path / "data" / "stores" / "mnist").shape == (1, 4, 4)


@pytest.mark.parametrize("option", ["size=0", "size=1.5", "test_fraction=1", "test_fraction=nan", "grey=maybe"])
def test_values_out_of_range_are_one_sentence(tmp_path, digits, option, capsys):
    assert run(tmp_path, "mnist", digits, option) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"semisup: {option} is not valid: it is ")
    assert said.count("\n") == 1
