"""Labels in tables that people type, and tools other than this one write: read, and refused with their row."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from semisup.core.errors import SemisupError
from semisup.labelers.files import read_labels
from tests.labelers.label_files import HARD, UNLABELED, same


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


def test_a_path_that_is_no_text_is_found_by_what_the_table_shows(typed, store):
    labels = read_labels(typed("path,label\nimp\ufffd.png,bee\n"), store, UNLABELED)
    assert labels.weight.tolist() == [1, 0, 0, 0]
    assert labels.target[0] == 1
