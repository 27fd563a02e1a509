"""Your own images: every kind of file, every layout, and a sentence for what is wrong."""

import os
from pathlib import Path

import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from semisup.core.errors import SemisupError
from semisup.data.sources import folder

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def save(file: Path, color: tuple[int, int, int] = RED, size: tuple[int, int] = (4, 4)) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(file)


def pets(root: Path, part: str = "", count: int = 3) -> Path:
    """`count` red cats and blue dogs in class folders."""
    for number in range(count):
        save(root / part / "cat" / f"{number}.png", RED)
        save(root / part / "dog" / f"{number}.png", BLUE)
    return root


# Layouts


def test_labeled_unlabeled_and_test_folders(tmp_path):
    """Labeled images come first, in the order of the classes; unlabeled ones may lie at any depth."""
    root = pets(pets(tmp_path / "my pets", "labeled", 2), "test", 1)
    save(root / "unlabeled" / "deep" / "down" / "b.png", GREEN)
    save(root / "unlabeled" / "a.png", WHITE)
    store = folder(tmp_path / "data", str(root), size=4)
    assert store.classes == ("cat", "dog")
    assert_array_equal(store.targets, [0, 0, 1, 1, -1, -1])
    assert_array_equal(store.images[:, 0, 0], [RED, RED, BLUE, BLUE, WHITE, GREEN])
    assert_array_equal(store.test_targets, [0, 1])
    assert_array_equal(store.test_images[:, 3, 3], [RED, BLUE])
    assert (stored(tmp_path, "my-pets") / "files.txt").read_text().splitlines() == [
        *("labeled/cat/0.png", "labeled/cat/1.png", "labeled/dog/0.png", "labeled/dog/1.png"),
        *("unlabeled/a.png", "unlabeled/deep/down/b.png"),
    ]


def stored(tmp_path: Path, name: str) -> Path:
    (found,) = (tmp_path / "data" / "stores").glob(f"{name}-????????")
    return found


def test_train_and_test_folders(tmp_path):
    store = folder(tmp_path / "data", str(pets(pets(tmp_path / "p", "train", 2), "test", 1)), size=4)
    assert (len(store.images), len(store.test_images)) == (4, 2)


def test_bare_class_folders_have_no_test_set_unless_asked_for(tmp_path):
    pets(tmp_path / "p", count=5)
    assert folder(tmp_path / "data", str(tmp_path / "p"), size=4).test_images.shape == (0, 4, 4, 3)
    store = folder(tmp_path / "data", str(tmp_path / "p"), size=4, test_fraction=0.4)
    assert_array_equal(store.targets, [0, 0, 0, 1, 1, 1])
    assert_array_equal(store.test_targets, [0, 0, 1, 1])
    assert_array_equal(store.test_images[:, 0, 0], [RED, RED, BLUE, BLUE])


def test_what_systems_leave_behind_is_no_image(tmp_path):
    root = pets(tmp_path / "p")
    for name in ("cat/Thumbs.db", "dog/.DS_Store", "cat/._0.png", ".git/config", "__MACOSX/cat/0.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    assert len(folder(tmp_path / "data", str(root), size=4).images) == 6


def test_folders_and_files_that_are_not_read_are_named(tmp_path, capsys):
    root = pets(pets(tmp_path / "p", "train"), "validation")
    save(root / "train" / "loose.png")
    folder(tmp_path / "data", str(root), size=4)
    printed = capsys.readouterr().err
    assert f"{root / 'validation'} is not read" in printed
    assert f"1 files directly in {root / 'train'} are in no class folder" in printed


def test_an_unchanged_folder_is_reopened_and_a_changed_one_imported_again(tmp_path):
    root = pets(tmp_path / "p")
    assert len(folder(tmp_path / "data", str(root), size=4).images) == 6
    meta = stored(tmp_path, "p") / "meta.json"
    written = meta.stat().st_mtime_ns
    folder(tmp_path / "data", str(root), size=4)
    assert meta.stat().st_mtime_ns == written
    save(root / "cat" / "0.bmp", GREEN)
    assert_array_equal(folder(tmp_path / "data", str(root), size=4).images[0, 0, 0], GREEN)
    save(root / "cat" / "0.bmp", WHITE)  # as many bytes as before
    os.utime(root / "cat" / "0.bmp", ns=(0, 0))  # a clock may be too coarse to tell the two apart
    assert_array_equal(folder(tmp_path / "data", str(root), size=4).images[0, 0, 0], WHITE)
    assert folder(tmp_path / "data", str(root), size=2).images.shape == (7, 2, 2, 3)


# Files that cannot be read


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Ten readable images and an empty, a truncated and a text file, the last in the test folder."""
    root = pets(pets(tmp_path / "p", "train", 4), "test", 1)
    (root / "train" / "cat" / "empty.png").touch()
    save(root / "train" / "dog" / "1.bmp", size=(64, 64))
    complete = (root / "train" / "dog" / "1.bmp").read_bytes()
    (root / "train" / "dog" / "1.bmp").write_bytes(complete[: len(complete) // 2])
    (root / "test" / "cat" / "notes.txt").write_text("not a image")
    return root


def test_unreadable_files_are_all_named_with_the_way_out(tmp_path, broken):
    with pytest.raises(SemisupError, match="3 of 13 files") as error:
        folder(tmp_path / "data", str(broken), size=4)
    for part in (
        "train/cat/empty.png (empty file)",
        "train/dog/1.bmp (image file is truncated",
        "test/cat/notes.txt (not an image)",
        "data.skip_unreadable=true",
    ):
        assert part in str(error.value)
    assert not list((tmp_path / "data" / "stores").iterdir())


def test_skipped_files_leave_no_row_and_are_listed(tmp_path, broken, capsys):
    store = folder(tmp_path / "data", str(broken), size=4, skip_unreadable=True)
    assert_array_equal(store.images[:, 0, 0], [RED] * 4 + [BLUE] * 4)
    assert_array_equal(store.targets, [0] * 4 + [1] * 4)
    assert_array_equal(store.test_images[:, 0, 0], [RED, BLUE])
    skipped = ["train/cat/empty.png", "train/dog/1.bmp", "test/cat/notes.txt"]
    assert (stored(tmp_path, "p") / "skipped.txt").read_text().splitlines() == skipped
    assert len((stored(tmp_path, "p") / "files.txt").read_text().splitlines()) == 8
    printed = capsys.readouterr().err
    assert all(name in printed for name in skipped)


def test_a_class_without_one_readable_image_is_named(tmp_path):
    root = pets(tmp_path / "p")
    (root / "eel").mkdir()
    (root / "eel" / "0.png").touch()
    with pytest.raises(SemisupError, match="no labeled image of class 'eel' can be read"):
        folder(tmp_path / "data", str(root), size=4, skip_unreadable=True)


# Options


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": 0}, "folder: size=0 is not valid: it is a whole number from 1"),
        ({"test_fraction": 1.0}, "folder: test_fraction=1.0 is not valid: it is a number of at least 0 and below 1"),
        ({"test_fraction": 0.01}, "leaves none in any class to test on"),
    ],
)
def test_a_value_that_makes_no_sense_is_a_sentence(tmp_path, options, sentence):
    with pytest.raises(SemisupError, match=sentence):
        folder(tmp_path / "data", str(pets(tmp_path / "p")), **options)


def test_a_tilde_is_the_home_directory_in_every_path(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    save(pets(tmp_path / "p", "labeled") / "unlabeled" / "a.png")
    (tmp_path / "labels.csv").write_text("path,label\na.png,dog\n")
    store = folder("~/data", "~/p", size=4, labels_file="~/labels.csv")
    assert_array_equal(store.targets, [0, 0, 0, 1, 1, 1, 1])
    assert store.folder.parent == tmp_path / "data" / "stores"


def test_a_test_fraction_beside_a_test_folder_is_refused(tmp_path):
    root = pets(pets(tmp_path / "p", "train"), "test")
    with pytest.raises(SemisupError, match=r"already has a test folder; set data\.test_fraction to 0"):
        folder(tmp_path / "data", str(root), test_fraction=0.5)


def doubled(root: Path) -> Path:
    """Shades of gray: 0 and 1 are cats, 2 and 3 dogs; 1 is a test image, too, 9 is cat and dog, 0 is twice a cat."""
    shades = {"train/cat/a": 0, "train/cat/b": 1, "train/cat/c": 9, "train/cat/z": 0}
    shades |= {"train/dog/a": 2, "train/dog/b": 3, "train/dog/c": 9, "unlabeled/u": 3, "unlabeled/v": 4}
    for name, shade in {**shades, "test/cat/t": 1, "test/dog/t": 5}.items():
        file = root / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2), (shade, shade, shade)).save(file)
    return root


def test_the_same_picture_twice_is_named_and_kept(tmp_path, capsys):
    store = folder(tmp_path / "data", str(doubled(tmp_path / "pets")), size=2)
    assert len(store.images) == 9
    said = capsys.readouterr().err.replace("\n", "")
    assert "1 training images are in the test set, too: train/cat/b.png is test/cat/t.png." in said
    assert "1 pictures are in two classes: train/cat/c.png is train/dog/c.png." in said
    assert "2 pictures are in the training images more than once: train/cat/z.png is train/cat/a.png; unlab" in said
    assert "data.duplicates=drop leaves them out of training" in said


def test_dropped_duplicates_leave_one_of_a_class_and_none_of_two_classes_or_of_the_test_set(tmp_path):
    store = folder(tmp_path / "data", str(doubled(tmp_path / "pets")), size=2, duplicates="drop")
    assert store.images[:, 0, 0, 0].tolist() == [0, 2, 3, 4]
    assert store.targets.tolist() == [0, 1, 1, -1]
    assert store.test_images[:, 0, 0, 0].tolist() == [1, 5]
    assert store.files()[-1] == "unlabeled/v.png"


def test_duplicates_are_refused_if_asked_for_and_a_class_must_keep_an_image(tmp_path):
    pets = doubled(tmp_path / "pets")
    with pytest.raises(SemisupError, match=r"has the same picture twice\. 1 training images are in the test set, too"):
        folder(tmp_path / "data", str(pets), size=2, duplicates="refuse")
    for name in ("a", "b"):
        (pets / "train" / "dog" / f"{name}.png").unlink()
    with pytest.raises(SemisupError, match="every labeled image of class 'dog' is in the test set or another class"):
        folder(tmp_path / "data", str(pets), size=2, duplicates="drop")
    assert not list((tmp_path / "data").rglob("*.npy"))


def test_paths_with_line_breaks_or_no_text_name_their_own_picture(tmp_path):
    for number, name in enumerate((b"a\nb", b"a\rb", b"\xe9", "a\u2028b".encode(), b"c", b"[red]")):
        for label in ("cat", "dog"):
            file = tmp_path / "pets" / label / f"{os.fsdecode(name)}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (2, 2), (number, 0, 0)).save(file)
    store = folder(tmp_path / "data", str(tmp_path / "pets"), size=2)
    shades = []
    for path in store.files():
        with Image.open(tmp_path / "pets" / path) as image:
            shades.append(image.getpixel((0, 0))[0])
    assert store.images[:, 0, 0, 0].tolist() == shades
