"""Tables of numbers: what is read from which text, and a sentence with line and column for what is wrong."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from semisup.core.errors import SemisupError
from semisup.data.sources import table
from semisup.data.store import Store

FLOWERS = "width,height,kind\n1,2,rose\n3,4,tulip\n5,6,rose\n7.5,-8e-1,tulip\n"
NUMBERS = [[1, 2], [3, 4], [5, 6], [7.5, -0.8]]


def read(tmp_path: Path, text: str, **options: object) -> Store:
    (tmp_path / "flowers.csv").write_text(text)
    return table(tmp_path / "data", str(tmp_path / "flowers.csv"), **{"test_fraction": 0.0, **options})


@pytest.mark.parametrize(
    "text",
    [
        FLOWERS,
        FLOWERS.replace(",", "\t"),
        FLOWERS.replace(",", ";"),
        FLOWERS.replace(",", "   "),
        FLOWERS.split("\n", 1)[1],  # no header
        "0,1,2\n" + FLOWERS.split("\n", 1)[1],  # a header of numbers, as tools write for columns without names
        FLOWERS.replace(",", " , ").replace("rose", '"rose"').replace("\n", "\r\n\r\n"),
        "\ufeff" + FLOWERS,
        "sep=;\n" + FLOWERS.replace(",", ";"),
        FLOWERS.replace("\n", "\r"),
    ],
)
def test_the_form_of_the_text_does_not_matter(tmp_path, text):
    store = read(tmp_path, text)
    assert store.shape == (2,)
    assert_array_equal(store.images, np.array(NUMBERS, np.float32))
    assert_array_equal(store.targets, [0, 1, 0, 1])
    assert store.classes == ("rose", "tulip")


@pytest.mark.parametrize("label", ["kind", 0, -3])
def test_the_label_column_is_chosen_by_name_or_number(tmp_path, label):
    store = read(tmp_path, "kind,a,b\nx,1,2\ny,3,4\n", label=label)
    assert_array_equal(store.images, [[1, 2], [3, 4]])
    assert store.classes == ("x", "y")


def test_numbers_as_labels_are_sorted_by_value_and_1_0_is_1(tmp_path):
    store = read(tmp_path, "5,10\n6,9.0\n7,-2\n8,10.0\n")
    assert store.classes == ("-2", "9", "10")
    assert_array_equal(store.targets, [2, 1, 0, 2])


def test_rows_without_a_label_come_last_and_have_target_minus_1(tmp_path):
    store = read(tmp_path, "1,a\n2,\n3,?\n4,b\n5,NaN\n")
    assert_array_equal(store.images[:, 0], [1, 4, 2, 3, 5])
    assert_array_equal(store.targets, [0, 1, -1, -1, -1])
    assert store.labelable == 2
    (files,) = (tmp_path / "data" / "stores").glob("flowers-*/files.txt")
    assert files.read_text().split() == [f"flowers.csv:{line}" for line in (1, 4, 2, 3, 5)]


@pytest.mark.parametrize("word", ["NA", "null", "NULL", "None", "N/A", "#N/A", "<NA>", "-1", r"\N", "nan", ""])
def test_the_usual_words_for_a_missing_label_are_no_class(tmp_path, word, capsys):
    store = read(tmp_path, f"1,a\n2,a\n3,{word}\n4,b\n5,b\n6,{word}\n")
    assert store.classes == ("a", "b")
    assert_array_equal(store.targets, [0, 0, 1, 1, -1, -1])
    said = capsys.readouterr().err
    if word:
        assert f"2 of 6 rows are unlabeled; taken as a missing label: '{word}' in 2." in said
    else:
        assert not said


def test_the_words_for_a_missing_label_are_an_option(tmp_path):
    text = "1,a\n2,NA\n3,NA\n4,a\n5,no\n6,-1\n7,\n"
    store = read(tmp_path, text, missing=["no", -1])
    assert (store.classes, store.labelable, len(store.images)) == (("NA", "a"), 4, 7)
    assert read(tmp_path, text).classes != store.classes


def test_minus_1_is_a_class_beside_1_alone(tmp_path):
    """Two classes of a support vector machine are 1 and -1; scikit-learn's unlabeled rows among 0 and 1 are -1."""
    assert read(tmp_path, "1,1\n2,-1\n3,1\n4,-1\n").classes == ("-1", "1")
    store = read(tmp_path, "1,1\n2,-1\n3,1\n4,0\n5,0\n")
    assert (store.classes, store.labelable) == (("0", "1"), 4)


def test_a_first_row_of_numbers_with_a_label_of_its_own_is_asked_about(tmp_path):
    """Wavelengths above spectra."""
    text = "400,410,420,species\n.1,.2,.3,oak\n.2,.2,.3,oak\n.1,.1,.3,elm\n.4,.2,.3,elm\n"
    with pytest.raises(SemisupError, match=r"line 1 may be a header or a row: .*'species'.*data\.header=true"):
        read(tmp_path, text)
    for store in (read(tmp_path, text, header=True), read(tmp_path, text, label="species")):
        assert (store.classes, store.columns, len(store.images)) == (("elm", "oak"), ("400", "410", "420"), 4)
    assert read(tmp_path, text, header=False).classes == ("elm", "oak", "species")


def test_utf_16_is_read(tmp_path):
    (tmp_path / "f.csv").write_bytes(FLOWERS.replace("rose", "ros\u00e9").encode("utf-16"))
    assert table(tmp_path / "data", str(tmp_path / "f.csv"), test_fraction=0.0).classes == ("ros\u00e9", "tulip")


def test_the_test_set_is_a_share_of_each_class_and_the_same_each_time(tmp_path):
    text = "".join(f"{row},{'a' if row < 10 else 'b'}\n" for row in range(30)) + "99,?\n"
    store = read(tmp_path, text, test_fraction=0.2)
    assert_array_equal(np.bincount(store.test_targets), [2, 4])
    both = np.concatenate([store.images[:, 0], store.test_images[:, 0]])
    assert_array_equal(np.sort(both), [*range(30), 99])
    (tmp_path / "again").mkdir()
    assert_array_equal(read(tmp_path / "again", text, test_fraction=0.2).test_images, store.test_images)


def test_the_test_set_may_be_a_second_file(tmp_path):
    (tmp_path / "test.csv").write_text("width,height,kind\n9,9,tulip\n")
    store = read(tmp_path, FLOWERS, test_fraction=0.2, test_path=str(tmp_path / "test.csv"))
    assert len(store.images) == 4
    assert_array_equal(store.test_images, [[9, 9]])
    assert_array_equal(store.test_targets, [1])


def test_a_changed_file_is_read_again_and_the_same_one_is_not(tmp_path):
    read(tmp_path, FLOWERS)
    (folder,) = (tmp_path / "data" / "stores").iterdir()
    written = (folder / "meta.json").stat().st_mtime_ns
    read(tmp_path, FLOWERS)
    assert (folder / "meta.json").stat().st_mtime_ns == written
    assert read(tmp_path, FLOWERS.replace("7.5", "7")).images[3, 0] == 7


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        ("", {}, "flowers.csv is empty"),
        (FLOWERS.replace("rose", '"rose', 1), {}, "line 2: a quoted cell is not as CSV has it"),
        (FLOWERS.replace("rose", '"rose', 1).replace("tulip", 'tulip"', 1), {}, "line 2: .* looks like the next row"),
        (FLOWERS.replace(",", ";").replace("7.5", "7,5"), {}, "line 5, column 'width': '7,5' is .* with a point"),
        ("a,b,kind\n", {}, "no rows below its header"),
        (FLOWERS.replace("3,4", "3,four"), {}, "line 3, column 'height': 'four' is not a number"),
        (FLOWERS.replace("3,4", "3,"), {}, "line 3, column 'height': a value is missing"),
        (FLOWERS.replace("3,4", "NaN,4"), {}, "line 3, column 'width': a value is missing"),
        (FLOWERS.replace("3,4", "1e39,4"), {}, "line 3, column 'width': '1e39' is not a number, or too large"),
        (FLOWERS.replace("3,4", "3"), {}, "line 3: 2 columns where line 1 has 3"),
        ("1,x,a\n2,3,b\n", {}, "line 1, column '1': 'x' is not a number"),
        (FLOWERS, {"label": "kinds"}, "no column 'kinds' in its first line: did you mean 'kind'"),
        (FLOWERS, {"label": 3}, "no column 3: it has 3, numbered from 0"),
        (FLOWERS.replace("tulip", "rose"), {}, "only one class, 'rose'"),
        ("1,?\n2,?\n", {}, "no label at all"),
        ("1,0.5\n2,0.7\n", {}, r"has the label 0\.[57], a measurement"),
        ("1,5\n2,6\n3,7\n", {}, "every labeled row of .* is a class of its own"),
        (FLOWERS, {"test_fraction": 0.1}, "leaves none in any class"),
        (
            FLOWERS,
            {"test_fraction": -1},
            "table: test_fraction=-1 is not valid: it is a number of at least 0",
        ),
    ],
)
def test_what_is_wrong_with_a_table_is_a_sentence(tmp_path, text, options, sentence):
    with pytest.raises(SemisupError, match=sentence):
        read(tmp_path, text, **options)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("width,height,kind\n1,2,oak\n", "line 2: a test row with the label 'oak', which no row of the other"),
        ("width,height,kind\n1,2,\n", "line 2: a test row with no label"),
        ("width,length,kind\n1,2,rose\n", "has a column 'length' where the other table has 'height'"),
        ("width,kind\n1,rose\n", "has 1 columns of numbers; the other table has 2"),
    ],
)
def test_a_test_file_that_does_not_fit_is_a_sentence(tmp_path, text, sentence):
    (tmp_path / "test.csv").write_text(text)
    with pytest.raises(SemisupError, match=sentence):
        read(tmp_path, FLOWERS, test_path=str(tmp_path / "test.csv"))


def test_a_file_that_is_missing_or_not_text_is_a_sentence(tmp_path):
    with pytest.raises(SemisupError, match=r"nowhere\.csv cannot be read: No such file"):
        table(tmp_path / "data", str(tmp_path / "nowhere.csv"))
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(SemisupError, match=r"book\.xlsx is not text in UTF-8"):
        table(tmp_path / "data", str(tmp_path / "book.xlsx"))
