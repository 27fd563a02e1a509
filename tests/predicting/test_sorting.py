"""Images in class folders: what goes where, and that nothing is overwritten."""

from pathlib import Path

import pytest

from semisup.core.errors import SemisupError
from semisup.predicting.prediction_file import Prediction
from semisup.predicting.sorting import UNSURE, claim_folder, folder_names, sort_images

CLASSES = ("cat", "dog")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in ("a/1.png", "b/1.png", "2.png"):
        file = tmp_path / "photos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path / "photos"


PREDICTIONS = [Prediction("a/1.png", "cat", 0.95), Prediction("b/1.png", "cat", 0.9), Prediction("2.png", "dog", 0.89)]


def tree(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("link", [False, True])
def test_confident_images_are_in_class_folders_and_the_others_apart(base, tmp_path, link):
    expected = {"cat/a/1.png": "a/1.png", "cat/b/1.png": "b/1.png", "unsure/2.png": "2.png"}
    for _ in range(2):  # the second call finds everything there
        assert sort_images(tmp_path / "sorted", PREDICTIONS, base, CLASSES, 0.9, link) == (2, 1, 0)
        assert tree(tmp_path / "sorted") == expected
    assert (tmp_path / "sorted" / "cat" / "a" / "1.png").is_symlink() == link
    assert tree(base) == {name: name for name in ("a/1.png", "b/1.png", "2.png")}


def test_what_a_person_has_moved_stays_where_it_is(base, tmp_path):
    folder = tmp_path / "sorted"
    sort_images(folder, PREDICTIONS, base, CLASSES, 0.9, False)
    (folder / "unsure" / "2.png").rename(folder / "cat" / "2.png")
    assert sort_images(folder, PREDICTIONS, base, CLASSES, 0.9, False) == (2, 1, 0)
    assert tree(folder) == {"cat/a/1.png": "a/1.png", "cat/b/1.png": "b/1.png", "cat/2.png": "2.png"}


@pytest.mark.parametrize("other", [{"checkpoint": "456"}, {"confidence": 0.8}, {"link": True}])
def test_a_folder_that_was_filled_otherwise_is_refused(tmp_path, other):
    mine = {"run": "photos-1", "checkpoint": "123", "confidence": 0.9, "link": False}
    claim_folder(tmp_path / "sorted", **mine)
    claim_folder(tmp_path / "sorted", **{**mine, "run": "a copy of it"})
    with pytest.raises(SemisupError, match=r"sorted was filled by photos-1 with confidence=0\.9, with copies"):
        claim_folder(tmp_path / "sorted", **{**mine, **other})


def test_another_file_of_that_name_stays_as_it_is(base, tmp_path):
    there = tmp_path / "sorted" / "cat" / "a" / "1.png"
    there.parent.mkdir(parents=True)
    there.write_text("mine")
    (there.parent / "1 (2).png").write_text("mine, too")
    for _ in range(2):
        sort_images(tmp_path / "sorted", PREDICTIONS[:1], base, CLASSES, 0.9, False)
    assert tree(tmp_path / "sorted" / "cat" / "a") == {
        "1.png": "mine",
        "1 (2).png": "mine, too",
        "1 (3).png": "a/1.png",
    }


def test_paths_from_elsewhere_stay_inside(base, tmp_path):
    rows = [Prediction(str(base / "2.png"), "cat", 1.0), Prediction("../photos/2.png", "dog", 1.0)]
    sort_images(tmp_path / "sorted", rows, base, CLASSES, 0.9, False)
    assert tree(tmp_path / "sorted") == {f"cat/{base.relative_to('/')}/2.png": "2.png", "dog/photos/2.png": "2.png"}


def test_an_image_that_was_removed_is_counted_and_the_others_are_sorted(base, tmp_path):
    (base / "a" / "1.png").unlink()
    for link in (False, True):
        assert sort_images(tmp_path / str(link), PREDICTIONS, base, CLASSES, 0.9, link) == (1, 1, 1)
        assert tree(tmp_path / str(link)) == {"cat/b/1.png": "b/1.png", "unsure/2.png": "2.png"}


def test_a_name_as_long_as_one_can_be(base, tmp_path):
    name = "x" * 251 + ".png"
    (base / name).write_text("long")
    sort_images(tmp_path / "sorted", [Prediction(name, "cat", 1.0)], base, CLASSES, 0.9, False)
    assert tree(tmp_path / "sorted") == {f"cat/{name}": "long"}


def test_a_label_that_someone_mistyped(base, tmp_path):
    with pytest.raises(SemisupError, match=r"2\.png has the label dgo, which is no class; did you mean 'dog'\?"):
        sort_images(tmp_path / "sorted", [Prediction("2.png", "dgo", 1.0)], base, CLASSES, 0.9, False)


@pytest.mark.parametrize("confidence", [90, -0.1, float("nan"), True])
def test_a_confidence_that_is_no_probability_is_refused(base, tmp_path, confidence):
    said = rf"confidence={confidence} is not valid: it is a number from 0 to 1\.$"
    with pytest.raises(SemisupError, match=f"^sort_images: {said}"):
        sort_images(tmp_path / "sorted", PREDICTIONS, base, CLASSES, confidence, False)
    with pytest.raises(SemisupError, match=f"^claim_folder: {said}"):
        claim_folder(tmp_path / "sorted", "photos-1", "123", confidence, False)


def test_names_of_classes_that_cannot_be_folders():
    assert folder_names(["T-shirt/top", "..", "naïve"]) == {"T-shirt/top": "T-shirt_top", "..": "_", "naïve": "naïve"}
    for names, said in (
        (["a/b", "a_b"], "a_b and a/b"),
        (["Cat", "cat"], "cat and Cat"),
        ([UNSURE], "unsure and the images below the confidence"),
    ):
        with pytest.raises(SemisupError, match=f"{said}.* into one folder"):
            folder_names(names)


def test_sorting_from_the_command_line(labels, sentence, finished, image_folder, tmp_path, capsys):
    labels(tmp_path / "a.csv", sort_into=str(tmp_path / "sorted"), confidence=0.0)
    assert len(tree_names(tmp_path / "sorted")) == 22
    assert "22 in class folders, 0 below 0.0 in unsure" in capsys.readouterr().err
    given = (f"run={finished}", f"images={image_folder / 'unlabeled'}", f"out={tmp_path / 'b.csv'}")
    inside = str(image_folder / "unlabeled" / "sorted")
    assert "sorted/cat would be among the images" in sentence(*given, "--sort-into", inside)
    above = str(image_folder)  # of which images=unlabeled/cat is, as it were, the folder of the class cat
    given = (given[0], f"images={image_folder / 'unlabeled' / 'cat'}", given[2])
    assert "unlabeled/cat would be among the images" in sentence(*given, f"sort_into={above}/unlabeled")
    assert "00.png is a file and not a folder" in sentence(*given, f"sort_into={image_folder / 'test/cat/00.png'}")
    assert "link is for sort_into, which is not given" in sentence(*given, "link=true")
    assert "confidence is for sort_into, which is not given" in sentence(*given, "confidence=.99")


def tree_names(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*.png")]
