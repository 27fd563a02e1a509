"""Folders that are laid out in a way that is not understood: each is a sentence. No image is opened."""

import re
from pathlib import Path

import pytest

from semisup.core.errors import SemisupError
from semisup.data.sources.layout import files_below, read_layout


def save(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


def pets(root: Path, part: str = "") -> Path:
    save(root / part / "cat" / "0.png")
    save(root / part / "dog" / "0.png")
    return root


def nothing(root: Path) -> None:
    pass


def no_classes(root: Path) -> None:
    save(root / "a.png")


def one_class(root: Path) -> None:
    save(root / "train" / "cat" / "a.png")


def empty_class(root: Path) -> None:
    (pets(root) / "eel").mkdir()


def class_only_in_test(root: Path) -> None:
    save(pets(pets(root, "labeled"), "test") / "test" / "eel" / "a.png")


def class_only_in_training(root: Path) -> None:
    save(pets(pets(root, "labeled"), "test") / "labeled" / "eel" / "a.png")


def both_names(root: Path) -> None:
    pets(pets(root, "labeled"), "train")


def british(root: Path) -> None:
    pets(pets(root, "labelled"), "unlabelled")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (nothing, "there is no folder {root};"),
        (no_classes, "{root} has no class folders;"),
        (one_class, "{root}/train has only one class folder, 'cat';"),
        (empty_class, "the class folder {root}/eel is empty;"),
        (class_only_in_test, "class 'eel' is in {root}/test but not in {root}/labeled;"),
        (class_only_in_training, "class 'eel' is in {root}/labeled but not in {root}/test;"),
        (both_names, "{root} holds both 'labeled' and 'train';"),
        (british, "{root} holds 'labelled' but no 'labeled' or 'train'"),
    ],
)
def test_a_layout_that_is_not_understood_is_a_sentence(tmp_path, make, sentence):
    make(tmp_path / "p")
    with pytest.raises(SemisupError, match="^" + re.escape(sentence.format(root=tmp_path / "p"))):
        read_layout(tmp_path / "p")


def test_a_link_is_followed_unless_it_leads_back(tmp_path):
    """Images in a linked folder count; a link to a folder that it lies in would be followed without end."""
    save(tmp_path / "elsewhere" / "far.png")
    pets(tmp_path / "pets")
    (tmp_path / "pets" / "cat" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "pets" / "dog" / "back").symlink_to(tmp_path / "pets")
    found = [file.relative_to(tmp_path / "pets").as_posix() for file in files_below(tmp_path / "pets")]
    assert found == ["cat/0.png", "cat/linked/far.png", "dog/0.png"]
