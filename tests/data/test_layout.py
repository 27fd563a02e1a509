"""Folders that are laid out in a way that is not understood: each is a sentence. No image is opened."""

import os
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


def line_break(root: Path) -> None:
    save(pets(root) / "e\nl" / "a.png")


def no_text(root: Path) -> None:
    save(pets(root) / os.fsdecode(b"\xe9l") / "a.png")


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
        (line_break, r"the class folder {root}/e\nl has a name that is no text in UTF-8, or has a line break"),
        (no_text, "the class folder {root}/\ufffdl has a name that is no text in UTF-8"),
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


def test_a_class_may_have_no_test_image(tmp_path):
    save(pets(pets(tmp_path, "labeled"), "test") / "labeled" / "bee" / "a.png")
    (tmp_path / "test" / "bee").mkdir()
    found = read_layout(tmp_path)
    assert (found.classes, found.test.targets.tolist()) == (("bee", "cat", "dog"), [1, 2])
    (tmp_path / "test" / "bee").rmdir()
    found = read_layout(tmp_path)
    assert (found.classes, found.test.targets.tolist()) == (("bee", "cat", "dog"), [1, 2])
    assert found.notes == ["class 'bee' has no test images."]


def test_names_that_differ_in_unicode_form_alone_are_one_class(tmp_path):
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    save(pets(tmp_path, "labeled") / "labeled" / composed / "0.png")
    save(tmp_path / "labeled" / decomposed / "1.png")
    save(pets(tmp_path, "test") / "test" / decomposed / "2.png")
    found = read_layout(tmp_path)
    assert found.classes == (composed, "cat", "dog")
    assert [path.name for path in found.labeled.paths[:2]] == ["1.png", "0.png"]
    assert found.labeled.targets.tolist() == [0, 0, 1, 2]
    assert found.test.targets.tolist() == [0, 1, 2]


def test_what_phones_and_systems_put_beside_pictures_is_passed_over(tmp_path):
    for name in ("IMG_1.AAE", "IMG_1.MOV", "a.mp4", "a.xmp", "Icon\r", "Thumbs.db", ".DS_Store"):
        save(pets(tmp_path) / "cat" / name)
    assert [file.name for file in files_below(tmp_path)] == ["0.png", "0.png"]


def test_a_link_to_nowhere_is_found_and_not_followed(tmp_path):
    """The import names it among the files that cannot be read."""
    (pets(tmp_path) / "cat" / "gone.png").symlink_to(tmp_path / "nowhere")
    before = read_layout(tmp_path).digest()
    assert [path.name for path in read_layout(tmp_path).labeled.paths] == ["0.png", "gone.png", "0.png"]
    (tmp_path / "nowhere").write_bytes(b"here now")
    assert read_layout(tmp_path).digest() != before
