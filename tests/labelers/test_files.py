"""Pseudo-labels on disk: written and read bit for bit, corrected by a person, and refused with their row."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from semisup.core.atomic_files import atomic_folder
from semisup.core.errors import SemisupError
from semisup.data.store import Store, open_store
from semisup.data.store_writer import finish_store
from semisup.labelers.files import read_labels, write_labels
from semisup.labelers.inputs import Labels

UNLABELED = np.array([7, 2, 5, 4])  # of eight images; 0, 1, 3 and 6 are labeled or validation images
HARD = Labels(
    target=np.array([2, 0, 1, 0]),
    weight=np.array([0.1, 0, 1 / 3, 1], np.float32),
    confidence=np.array([0.9, 0.4, 0.8, 1], np.float32),
    copies=np.array([2, 0, 1, 3]),
)
SOFT = Labels(
    target=np.array([[0.1, 0.2, 0.7], [1 / 3, 1 / 3, 1 / 3], [0, 1, 0], [0.5, 0.3, 0.2]], np.float32),
    weight=np.array([1, 0, 1, 1], np.float32),
    confidence=np.array([0.7, 1 / 3, 1, 0.5], np.float32),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Eight images of ants, bees and cats, imp{0..7}.png, the last with a name that is no UTF-8."""
    with atomic_folder(tmp_path / "toy") as draft:
        images, targets = np.arange(32, dtype=np.uint8).reshape(8, 2, 2, 1), np.zeros(8, np.int64)
        for name, array in {"images": images, "targets": targets}.items():
            np.save(draft / f"{name}.npy", array)
            np.save(draft / f"test_{name}.npy", array[:0])
        finish_store(draft, "toy", ("ant", "bee", "cat"), files=[f"imp{i}.png" for i in range(7)] + ["imp\udcff.png"])
    return open_store(tmp_path / "toy")


@pytest.fixture
def written(tmp_path: Path, store: Store) -> Callable[..., Path]:
    """A file of labels, with these cells changed afterwards: column=(row, value)."""

    def write(labels: Labels = HARD, **changes: tuple[int, Any]) -> Path:
        write_labels(tmp_path / "labels.parquet", store, UNLABELED, labels, "split")
        table = pq.read_table(tmp_path / "labels.parquet")
        for name, (row, value) in changes.items():
            cells = table[name].to_pylist()
            cells[row] = value
            column = pa.array(cells, table.schema.field(name).type)
            table = table.set_column(table.column_names.index(name), name, column)
        pq.write_table(table, tmp_path / "labels.parquet")
        return tmp_path / "labels.parquet"

    return write


@pytest.fixture
def typed(tmp_path: Path) -> Callable[[str], Path]:
    """A .csv with this text."""

    def write(text: str) -> Path:
        (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
        return tmp_path / "labels.csv"

    return write


def same(read: Labels, labels: Labels) -> None:
    for ours, theirs in zip(read, labels, strict=True):
        if theirs is None:
            assert ours is None
        else:
            assert ours.dtype == theirs.dtype
            assert_array_equal(ours, theirs)


@pytest.mark.parametrize("labels", [HARD, SOFT])
def test_what_was_written_is_read_bit_for_bit_in_the_order_that_is_asked_for(written, store, labels):
    file = written(labels)
    same(read_labels(file, store, UNLABELED, "split"), labels)
    turned = Labels(*(None if column is None else column[::-1] for column in labels))
    same(read_labels(file, store, UNLABELED[::-1], "split"), turned)


def test_the_table_says_what_a_person_wants_to_know(tmp_path, written, store):
    table = pq.read_table(written(HARD))
    assert table.column_names == ["index", "path", "label", "confidence", "weight", "kept", "copies"]
    assert table["path"].to_pylist() == ["imp\ufffd.png", "imp2.png", "imp5.png", "imp4.png"]
    assert table["label"].to_pylist() == ["cat", "ant", "bee", "ant"]
    assert table["kept"].to_pylist() == [True, False, True, True]
    assert table.schema.metadata == {
        b"semisup_format": b"1",
        b"semisup_data": store.fingerprint.encode(),
        b"semisup_split": b"split",
    }
    assert pq.read_table(written(SOFT))["probability"].type == pa.list_(pa.float32(), 3)


def test_the_folders_around_the_file_do_not_become_columns(tmp_path, store):
    """Runs may lie in folders such as label=4, which some readers take for a column."""
    file = tmp_path / "label=4" / "labels.parquet"
    file.parent.mkdir()
    write_labels(file, store, UNLABELED, HARD, "split")
    same(read_labels(file, store, UNLABELED), HARD)


def test_images_without_a_row_have_no_weight(written, store):
    index = np.array([3, *UNLABELED])
    labels = read_labels(written(HARD), store, index)
    assert [column[0] for column in labels] == [0, 0, 0, 0]
    soft = read_labels(written(SOFT), store, index)
    assert (soft.weight[0], soft.confidence[0], soft.classes[0]) == (0, 0, 0)


def test_a_person_drops_an_image(written, store):
    labels = read_labels(written(kept=(0, False)), store, UNLABELED)
    assert labels.weight.tolist() == [0, 0, np.float32(1 / 3), 1]
    assert labels.copies.tolist() == [0, 0, 1, 3]


@pytest.mark.parametrize("weight", [0.0, None])
def test_a_person_keeps_an_image_and_it_weighs_one(written, store, weight):
    labels = read_labels(written(kept=(1, True), weight=(1, weight)), store, UNLABELED)
    assert labels.weight.tolist() == [np.float32(0.1), 1, np.float32(1 / 3), 1]
    assert labels.copies.tolist() == [2, 1, 1, 3]


def test_a_person_changes_a_class(written, store):
    assert read_labels(written(label=(0, "bee")), store, UNLABELED).target.tolist() == [1, 0, 1, 0]


def test_a_changed_class_is_certain_among_soft_targets(written, store):
    soft = read_labels(written(SOFT, label=(0, "bee")), store, UNLABELED)
    assert_array_equal(soft.target, np.concatenate([[[0, 1, 0]], SOFT.target[1:]]).astype(np.float32))


def test_a_row_without_probabilities_among_others_is_certain(written, store):
    table = pq.read_table(file := written(SOFT))
    cells = pa.array([*table["probability"].to_pylist()[:3], None], pa.list_(pa.float32()))
    pq.write_table(table.set_column(table.column_names.index("probability"), "probability", cells), file)
    soft = read_labels(file, store, UNLABELED)
    assert_array_equal(soft.target, np.concatenate([SOFT.target[:3], [[1, 0, 0]]]).astype(np.float32))


def test_a_label_may_be_emptied_where_the_image_is_not_kept(written, store):
    same(read_labels(written(label=(1, None)), store, UNLABELED), HARD)


def test_types_that_other_tools_write_are_understood(tmp_path, written, store):
    """Categories, large strings, float64, and lists of any length without metadata, as pandas and polars write them."""
    table = pq.read_table(written(SOFT)).replace_schema_metadata(None)
    label = table["label"].cast(pa.large_string()).dictionary_encode()
    for name, column in {
        "label": label,
        "weight": table["weight"].cast(pa.float64()),
        "index": table["index"].cast(pa.uint32()),
        "probability": pa.array(table["probability"].to_pylist(), pa.list_(pa.float64())),
    }.items():
        table = table.set_column(table.column_names.index(name), name, column)
    pq.write_table(table, tmp_path / "other.parquet")
    same(read_labels(tmp_path / "other.parquet", store, UNLABELED, "split"), SOFT)


@pytest.mark.parametrize("text", ["index,label\n5,bee\n2,cat\n", "label,path\nbee,imp5.png\ncat,imp2.png\n"])
def test_a_csv_needs_a_label_and_an_index_or_a_path(typed, store, text):
    labels = read_labels(typed(text), store, UNLABELED)
    assert labels.target.tolist() == [0, 2, 1, 0]
    assert labels.weight.tolist() == [0, 1, 1, 0]
    assert labels.confidence.tolist() == [0, 1, 1, 0]
    assert labels.copies is None


@pytest.mark.parametrize(
    "content",
    [
        b"index;label\r\n5;bee\r\n2;cat\r\n",
        b"index\tlabel\n5\tbee\n2\tcat\n",
        b"sep=;\r\nindex;label\r\n5;bee\r\n2;cat\r\n",
        b"Index , Label\n 5 , bee \n2,cat,,\n",
        b"PATH,LABEL\nimp5.png,bee\nimp2.png,cat\n",
        b"path,label\n.\\imp5.png,bee\n./imp2.png,cat\n",
        b'"path";"label"\n"imp5.png";"bee"\n"imp2.png";"cat"\n',
        b"path,label\rimp5.png,bee\rimp2.png,cat\r",
        b"index,path,label\n5,imp5.png,bee\n2,.\\imp2.png,cat\n",
        "\ufeffindex,label\n5,bee\n2,cat\n".encode(),
        "\ufeffindex\tlabel\r\n5\tbee\r\n2\tcat\r\n".encode("utf-16-le"),
        "\ufeffindex,label\n5,bee\n2,cat\n".encode("utf-16-be"),
    ],
)
@pytest.mark.parametrize("end", ["csv", "txt"])
def test_a_table_as_excel_and_windows_write_it(content, end, store, tmp_path):
    file = tmp_path / f"labels.{end}"
    file.write_bytes(content)
    labels = read_labels(file, store, UNLABELED)
    assert labels.target.tolist() == [0, 2, 1, 0]
    assert labels.weight.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("word", ["NA", "null", "None", "-1", "NaN", "#N/A", r"\N", ""])
def test_a_word_for_a_missing_label_is_no_class_unless_there_is_one_of_its_name(word, typed, store):
    labels = read_labels(typed(f"index,label,kept\n5,bee,\n2,{word},false\n"), store, UNLABELED)
    assert labels.weight.tolist() == [0, 0, 1, 0]
    if word:
        named = read_labels(
            typed(f"index,label\n5,bee\n2,{word}\n"), replace(store, classes=("ant", "bee", word)), UNLABELED
        )
        assert named.target.tolist() == [0, 2, 1, 0]


def test_a_csv_may_say_everything_and_leave_cells_empty(tmp_path, written, store):
    pa.csv.write_csv(pq.read_table(written(HARD)), tmp_path / "labels.csv")
    same(read_labels(tmp_path / "labels.csv", store, UNLABELED), HARD)
    text = (tmp_path / "labels.csv").read_text("utf-8").replace("true", "TRUE").replace(",1,TRUE,3", ",,,")
    (tmp_path / "labels.csv").write_text("\ufeff" + text, encoding="utf-8")
    labels = read_labels(tmp_path / "labels.csv", store, UNLABELED)
    assert labels.weight.tolist() == HARD.weight.tolist()
    assert labels.copies.tolist() == [2, 0, 1, 1]


def test_classes_may_be_called_by_numbers(typed, store):
    labels = read_labels(typed("index,label\n5,01\n2,NA\n"), replace(store, classes=("1", "01", "NA")), UNLABELED)
    assert labels.target.tolist() == [0, 2, 1, 0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"needs the columns label and index or path; it has none\."),
        ("index|label\n5|bee\n", r"needs the columns label and index or path; it has index\|label\."),
        ('index,label\n5,"bee\n2,cat\n', r"labels\.csv, line 2: a quoted cell is not as CSV has it"),
        ('index,label,note\n5,bee,"x\n2,cat,y"\n', r"labels\.csv, line 2: .* what looks like the next row; close"),
        (
            "index,path,label\n5,imp5.png,bee\n2,imp4.png,cat\n",
            r"line 3: image 2 is 'imp2\.png', and the path is 'imp4",
        ),
        ("index,label\n\n5,bee,cat\n", r"labels\.csv, line 3: 3 cells below a header of 2\."),
        ('index,label,note\n5,bee,"a\nb"\n\n2,cta,""\n', r"labels\.csv, line 5: there is no class 'cta'"),
        ("label\nbee\n", r"needs the columns label and index or path; it has label\."),
        ("index,label,label\n5,bee,bee\n", r"two columns named label"),
        ("index,label\nfive,bee\n", r"column index of .*labels\.csv is not int64 .*'five'"),
        ("index,label\n5,bee\n2,cta\n", r"labels\.csv, line 3: there is no class 'cta'; did you mean 'cat'\?"),
        ("index,label\n5,\n", r"line 2: it is kept and has no label"),
        ("index,label\n5,bee\n3,cat\n", r"line 3: image 3 is not among the unlabeled images"),
        ("index,label\n8,bee\n", r"line 2: an index is 0 to 7"),
        ("index,label\n,bee\n", r"line 2: an index is 0 to 7"),
        ("index,label\n5,bee\n2,ant\n5,bee\n", r"line 4: image 5 has a row above"),
        ("path,label\nimp5.png,bee\nimp9.png,bee\n", r"line 3: toy has no file 'imp9\.png'; its first is 'imp0\.png'"),
        ("path,label\nimp3.png,bee\n", r"line 2: image 3 is not among the unlabeled images"),
        ("index,label,weight\n5,bee,-0.5\n", r"line 2: weight -0\.5 is not 0 or more"),
        ("index,label,weight\n5,bee,inf\n", r"line 2: weight inf"),
        ("index,label,confidence\n5,bee,90\n", r"line 2: confidence 90\.0 is not from 0 to 1"),
        ("index,label,copies\n5,bee,-1\n", r"line 2: copies -1"),
        ("index,label,probability\n5,bee,[0.1 0.8 0.1]\n", r"column probability of .*labels\.csv is not"),
    ],
)
def test_a_csv_that_does_not_fit_is_refused_with_its_row(typed, store, text, sentence):
    with pytest.raises(SemisupError, match=sentence):
        read_labels(typed(text), store, UNLABELED)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"label": (2, "wasp")}, r"row 3: there is no class 'wasp'; valid are ant, bee, cat\."),
        ({"label": (2, None)}, r"row 3: it is kept and has no label"),
        ({"index": (0, 0), "path": (0, None)}, r"row 1: image 0 is not among"),
        ({"index": (0, 2), "path": (0, None)}, r"row 2: image 2 has a row above"),
        ({"weight": (3, float("nan"))}, r"row 4: weight nan"),
        ({"confidence": (3, float("nan"))}, r"row 4: confidence nan"),
        ({"probability": (2, [0, 9, 0])}, r"row 3: its probabilities"),
        ({"probability": (2, [0, float("nan"), 1])}, r"row 3: its probabilities"),
    ],
)
def test_a_changed_cell_that_does_not_fit_is_refused_with_its_row(written, store, change, sentence):
    with pytest.raises(SemisupError, match=sentence):
        read_labels(written(SOFT, **change), store, UNLABELED)


def test_labels_of_another_data_set_split_or_version_are_refused(tmp_path, written, store):
    file = written()
    with pytest.raises(SemisupError, match="another data set than toy"):
        read_labels(file, replace(store, fingerprint="other"), UNLABELED)
    with pytest.raises(SemisupError, match="another split of toy"):
        read_labels(file, store, UNLABELED, "other")
    table = pq.read_table(file)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"semisup_format": b"2"}), file)
    with pytest.raises(SemisupError, match="another version of Semisup"):
        read_labels(file, store, UNLABELED)


def test_a_file_that_is_missing_or_damaged_is_named(tmp_path, written, store):
    with pytest.raises(SemisupError, match=r"there is no file .*none\.parquet"):
        read_labels(tmp_path / "none.parquet", store, UNLABELED)
    file = written()
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(SemisupError, match=r"labels\.parquet is not a readable table"):
        read_labels(file, store, UNLABELED)


def test_a_path_that_is_no_text_is_found_by_what_the_table_shows(typed, store):
    labels = read_labels(typed("path,label\nimp\ufffd.png,bee\n"), store, UNLABELED)
    assert labels.weight.tolist() == [1, 0, 0, 0]
    assert labels.target[0] == 1


def test_a_path_is_of_no_use_where_the_data_were_not_files(tmp_path, typed, store):
    (tmp_path / "toy" / "files.txt").unlink()
    with pytest.raises(SemisupError, match="needs a column index"):
        read_labels(typed("path,label\nimp5.png,bee\n"), store, UNLABELED)
    write_labels(tmp_path / "labels.parquet", store, UNLABELED, SOFT, "split")
    assert "path" not in pq.read_table(tmp_path / "labels.parquet").column_names
    same(read_labels(tmp_path / "labels.parquet", store, UNLABELED), SOFT)


def test_a_draft_that_broke_off_never_becomes_the_file(tmp_path, written, store, monkeypatch):
    file = written(SOFT)

    def breaks(table: pa.Table, draft: Path) -> None:
        draft.write_bytes(b"PAR1 half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", breaks)
    with pytest.raises(SemisupError, match=r"labels\.parquet could not be written \(No space left on device\)"):
        write_labels(file, store, UNLABELED, HARD, "split")
    same(read_labels(file, store, UNLABELED), SOFT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.parquet", "toy"]
