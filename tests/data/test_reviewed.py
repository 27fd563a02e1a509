"""Labels of a CSV for images of a folder: whom they reach, and a sentence for each that does not fit."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from semisup.core.errors import SemisupError
from semisup.data import make_split
from semisup.data.sources import folder
from semisup.data.store import Store

SHADES = {"labeled/cat/0": 0, "labeled/cat/1": 1, "labeled/dog/0": 2, "labeled/dog/1": 3}
SHADES |= {"unlabeled/a": 4, "unlabeled/b": 5, "unlabeled/d": 6, "unlabeled/cat/c": 7, "test/cat/0": 8, "test/dog/0": 9}


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Two cats, two dogs, four unlabeled images and a test set of two; each has a gray of its own."""
    for name, shade in SHADES.items():
        file = tmp_path / "pets" / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2), (shade, shade, shade)).save(file)
    return tmp_path / "pets"


def opened(pets: Path, *lines: str, **options: object) -> Store:
    file = pets.parent / "labels.csv"
    file.write_text("\n".join(lines))
    return folder(pets.parent / "data", str(pets), size=2, labels_file=str(file), **options)


def shades(store: Store) -> list[int]:
    return store.images[:, 0, 0, 0].tolist()


def test_reviewed_images_stay_in_their_places_and_count_in_data_labels(pets, capsys):
    """Rows in any order, of any columns, with a mark of Excel before the first; the cat folder of c says nothing."""
    store = opened(pets, "\ufefflabel,note,path", 'dog,"fur, wet",unlabeled/cat/c.png', "cat,,unlabeled/b.png")
    assert shades(store) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert_array_equal(store.targets, [0, 0, 1, 1, -1, 0, -1, 1])
    assert store.files()[4:] == [f"unlabeled/{name}.png" for name in ("a", "b", "d", "cat/c")]
    assert_array_equal(store.test_images[:, 0, 0, 0], [8, 9])
    split = make_split(store, labels="all", validation=0)
    assert (split.labeled.tolist(), split.unlabeled.tolist()) == ([0, 1, 2, 3, 5, 7], [4, 6])
    assert "labels.csv: labels of 2 unlabeled images." in capsys.readouterr().err


def test_paths_may_be_relative_to_unlabeled_as_predict_writes_them_or_absolute(pets):
    (pets.parent / "link").symlink_to(pets)
    lines = ("a.png,cat", "cat/c.png,dog", f"{pets}/unlabeled/b.png,cat", f"{pets.parent}/link/unlabeled/d.png,dog")
    store = opened(pets, "path,label", *lines)
    assert_array_equal(store.targets, [0, 0, 1, 1, 0, 0, 1, 1])


def test_paths_may_be_written_as_on_windows_or_with_letters_in_another_form(pets):
    """é is one character or e and an accent; white space around a name does not count."""
    (pets / "unlabeled" / "a.png").rename(pets / "unlabeled" / "caf\u00e9.png")
    lines = ("unlabeled\\cat\\c.png;dog", " cafe\u0301.png ;cat", ".\\unlabeled\\b.png;cat", "unlabeled/d.png;NA")
    store = opened(pets, "Path;Label", *lines)
    assert_array_equal(store.targets, [0, 0, 1, 1, 0, 0, -1, 1])


def test_what_is_not_reviewed_is_passed_over_and_counted(pets, capsys):
    store = opened(pets, "path,label", "a.png,", "b.png,dog", "d.png", "labeled/cat/0.png,cat", "b.png,dog")
    assert_array_equal(store.targets, [0, 0, 1, 1, -1, 1, -1, -1])
    note = "labels of 1 unlabeled images, 1 that agree with their class folders, 2 rows without a label."
    assert note in capsys.readouterr().err.replace("\n", "")


def test_other_labels_are_another_store_and_another_split(pets):
    plain = folder(pets.parent / "data", str(pets), size=2)
    stores = [plain, opened(pets, "path,label", "a.png,cat"), opened(pets, "path,label", "a.png,dog")]
    assert len({store.fingerprint for store in stores}) == len({store.folder for store in stores}) == 3
    assert len({store.test_fingerprint for store in stores}) == 1
    assert len({store.images_fingerprint for store in stores}) == 1, "the images are the same, in the same order"
    assert len({make_split(store, labels=4, validation=0).hash for store in stores}) == 3
    again = opened(pets, "label,path", "dog,unlabeled/a.png")
    assert again.folder == stores[2].folder, "the same labels, written in another way"
    assert folder(pets.parent / "data", str(pets), size=2).folder == plain.folder


def test_reviewed_images_leave_the_drawn_test_set_as_it_was(tmp_path, pets):
    """Of two labeled images a class, half is one; with a test folder there is none to draw."""
    (pets / "test").rename(tmp_path / "elsewhere")
    plain = folder(tmp_path / "data", str(pets), size=2, test_fraction=0.5)
    reviewed = opened(pets, "path,label", "a.png,cat", "b.png,cat", "d.png,dog", test_fraction=0.5)
    assert_array_equal(reviewed.test_images, plain.test_images)
    assert_array_equal(reviewed.test_targets, [0, 1])
    assert_array_equal(reviewed.images, plain.images)
    assert_array_equal(reviewed.targets, [0, 1, 0, 0, 1, -1])


def test_a_reviewed_image_that_cannot_be_read_is_no_label(pets):
    (pets / "unlabeled" / "b.png").write_bytes(b"")
    store = opened(pets, "path,label", "a.png,dog", "b.png,cat", skip_unreadable=True)
    assert shades(store) == [0, 1, 2, 3, 4, 6, 7]
    assert_array_equal(store.targets, [0, 0, 1, 1, 1, -1, -1])


def test_of_the_same_picture_twice_the_labeled_one_stays(pets):
    Image.open(pets / "unlabeled" / "a.png").save(pets / "unlabeled" / "b.png")
    store = opened(pets, "path,label", "b.png,cat", duplicates="drop")
    assert store.files()[4:] == [f"unlabeled/{name}.png" for name in ("b", "d", "cat/c")]
    assert_array_equal(store.targets, [0, 0, 1, 1, 0, -1, -1])


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["path,label", "a.png,cta"], "line 2: there is no class 'cta'; did you mean 'cat'?"),
        (["path,label", "a.png,cat", "e.png,cat"], "line 3: {pets} has no image 'e.png'; paths are relative to"),
        (
            ["path,label", "labeled/cat/0.png,dog"],
            "line 2: {pets}/labeled/cat/0.png is labeled 'dog' but is in the folder of 'cat'",
        ),
        (
            ["path,label", "test/cat/0.png,dog"],
            "line 2: {pets}/test/cat/0.png is labeled 'dog' but is in the folder of 'cat'",
        ),
        (
            ["path,label", "a.png,cat", "b.png,cat", "unlabeled/a.png,dog"],
            "line 4: 'unlabeled/a.png' is 'dog' here and 'cat' in line 2; delete one of the two.",
        ),
        (["path,class", "a.png,cat"], "needs the columns label and path; it has path, class."),
        (["path,label,label", "a.png,cat,dog"], "has two columns named label; delete one."),
        ([], "needs the columns label and path; it has none."),
        (["path,label", "a.png,"], "has no label in it; leave the option out"),
    ],
)
def test_a_row_that_does_not_fit_is_a_sentence_and_leaves_nothing_behind(pets, lines, sentence):
    with pytest.raises(SemisupError, match=re.escape(sentence.format(pets=pets))) as error:
        opened(pets, *lines)
    assert str(pets.parent / "labels.csv") in str(error.value)
    assert not (pets.parent / "data").exists()


def test_labels_may_be_parquet(pets):
    """As `semisup predict` writes them, corrected with another tool."""
    file = pets.parent / "labels.parquet"
    pq.write_table(pa.table({"label": ["dog", None], "path": ["b.png", "a.png"]}), file)
    store = folder(pets.parent / "data", str(pets), size=2, labels_file=str(file))
    assert_array_equal(store.targets, [0, 0, 1, 1, -1, 1, -1, -1])


def test_a_file_that_cannot_be_read_is_a_sentence(pets):
    with pytest.raises(SemisupError, match=r"there is no file .*no\.csv"):
        folder(pets.parent / "data", str(pets), labels_file=str(pets / "no.csv"))
    (pets.parent / "latin.csv").write_bytes(b"path,label\n\xe4.png,cat\n")
    with pytest.raises(SemisupError, match=r"latin\.csv is not text in UTF-8 .*; save it as CSV UTF-8"):
        folder(pets.parent / "data", str(pets), labels_file=str(pets.parent / "latin.csv"))
