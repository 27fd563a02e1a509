"""Pseudo-labels on disk: written and read bit for bit, corrected by a person, and refused with their row."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from semisup.core.errors import SemisupError
from semisup.labelers.files import read_labels, write_labels
from semisup.labelers.inputs import Labels
from tests.labelers.label_files import HARD, SOFT, UNLABELED, same


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
