"""A table through a run on a table: the same rows, with or without header and label, from CSV and from Parquet."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose
from pyarrow import parquet

from semisup.cli.predict import predict
from semisup.core.errors import SemisupError
from semisup.data import open_store
from semisup.metrics.calibration import softmax
from tests.predicting.conftest import MLP, trained


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on the iris table."""
    home = tmp_path_factory.mktemp("iris")
    return trained("data=iris", *MLP, f"data_dir={home / 'data'}", f"runs_dir={home / 'runs'}")


@pytest.fixture(scope="module")
def values(iris: Path) -> np.ndarray:
    return np.array(open_store(iris.parents[1] / "data" / "stores" / "iris").test_images)


def said(run: Path, table: Path, out: Path) -> list[dict[str, str]]:
    predict(run=str(run), images=str(table), out=str(out), probabilities=True)
    with out.open() as lines:
        return list(csv.DictReader(lines))


def probabilities(rows: list[dict[str, str]]) -> list[list[float]]:
    return [[float(row[f"p({name})"]) for name in ("setosa", "versicolor", "virginica")] for row in rows]


def test_rows_are_predicted_as_the_run_has_tested_them(iris, values, tmp_path):
    own = np.load(iris / "predictions.npz")["probability"]
    expected = softmax(np.log(own.astype(np.float64)), json.loads((iris / "result.json").read_text())["temperature"])
    lines = [",".join(map(str, row)) for row in values]
    (tmp_path / "bare.csv").write_text("\n".join(lines))
    (tmp_path / "full.csv").write_text("\n".join(["a,b,c,d,kind", *(f"{line},?" for line in lines)]))
    columns = {name: pa.array(values[:, place]) for place, name in enumerate("abcd")}
    parquet.write_table(pa.table(columns), tmp_path / "bare.parquet")
    parquet.write_table(pa.table({**columns, "kind": ["x"] * len(values)}), tmp_path / "full.parquet")
    for name, first in (("bare.csv", 1), ("full.csv", 2), ("bare.parquet", 1), ("full.parquet", 1)):
        rows = said(iris, tmp_path / name, tmp_path / f"{name}.labels.csv")
        assert_allclose(probabilities(rows), expected, atol=2e-5)
        assert [row["path"] for row in rows] == [f"{name}:{first + place}" for place in range(len(values))]


def test_rows_that_cannot_be_read_are_listed(iris, values, tmp_path):
    good = ",".join(map(str, values[0]))
    (tmp_path / "a.csv").write_text(f"{good}\n1,,3,4\n1,2,inf,4\n{good}\n1,2,3\n")
    rows = said(iris, tmp_path / "a.csv", tmp_path / "out.csv")
    assert [row["path"] for row in rows] == ["a.csv:1", "a.csv:4"]
    assert (tmp_path / "out.csv.unreadable.txt").read_text().splitlines() == [
        "a.csv:2\tcolumn 1: no value",
        "a.csv:3\tcolumn 2: 'inf' is no usable number",
        "a.csv:5\t3 columns instead of 4",
    ]
    (tmp_path / "b.csv").write_text(f"height,age,w,h\n{good}\n1,old,3,4\n")
    assert len(said(iris, tmp_path / "b.csv", tmp_path / "named.csv")) == 1
    assert "column age: 'old' is no usable number" in (tmp_path / "named.csv.unreadable.txt").read_text()
    nulls = pa.table({name: [1.0, None] for name in "abcd"})
    parquet.write_table(nulls, tmp_path / "a.parquet")
    assert len(said(iris, tmp_path / "a.parquet", tmp_path / "p.csv")) == 1


def test_tables_of_another_form_are_one_sentence(iris, tmp_path):
    def refused(message: str, text: str, name: str = "a.csv", **options: str) -> None:
        (tmp_path / name).write_text(text)
        with pytest.raises(SemisupError, match=message):
            predict(run=str(iris), images=str(tmp_path / name), out=str(tmp_path / "out.csv"), **options)

    refused(r"has 3 columns; the run's table has 4 columns of numbers, and a label\.$", "1,2,3\n")
    refused(r"a\.csv is empty\.$", "\n")
    refused("a.parquet cannot be read as Parquet", "1,2,3,4\n", "a.parquet")
    refused("for images, and this run is of a table", "1,2,3,4\n", sort_into=str(tmp_path / "x"))
    with pytest.raises(SemisupError, match="is a folder, and the run is of a table"):
        predict(run=str(iris), images=str(tmp_path), out=str(tmp_path / "out.csv"))


def test_columns_that_are_called_by_numbers(tmp_path):
    """Training took the first line for a header, as the label was chosen by its name."""
    from semisup.predicting.table_rows import table_rows

    (tmp_path / "a.csv").write_text("2019,2020,kind\n1,2,x\n3,4,y\n")
    assert [(line, load().tolist()) for line, load in table_rows(tmp_path / "a.csv", 2, [], "kind")] == [
        (2, [1, 2]),
        (3, [3, 4]),
    ]


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """The folder of a run on a table whose columns have names, and differ by so much that their order matters."""
    lines = [f"{9 if kind == 'dog' else 2}.{row},{100 + row},{kind}" for kind in ("cat", "dog") for row in range(10)]
    (tmp_path / "pets.csv").write_text("\n".join(["height,age,kind", *lines]))
    options = (f"data_dir={tmp_path / 'data'}", f"runs_dir={tmp_path / 'runs'}", "data.labels=12", "data.validation=4")
    return trained("data=table", f"data.path={tmp_path / 'pets.csv'}", *MLP, *options)


def test_columns_are_found_by_their_names(pets, tmp_path):
    """In another order, among others, with and without the label; without names, in the order of the training."""
    tables = {
        "same": "height,age,kind\n9.1,103,?\n2.2,101,?",
        "other": "colour,age,kind,height\nred,103,dog,9.1\n,101,cat,2.2",
        "bare": "9.1,103\n2.2,101",
    }
    found = {}
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text)
        predict(run=str(pets), images=str(tmp_path / f"{name}.csv"), out=str(tmp_path / f"{name}.out.csv"))
        rows = csv.DictReader((tmp_path / f"{name}.out.csv").read_text().splitlines())
        found[name] = [(row["label"], row["confidence"]) for row in rows]
    assert found["same"] == found["other"] == found["bare"]
    assert len({*found["same"]}) == 2
    parquet.write_table(pa.table({"age": [103, 101], "height": [9.1, 2.2]}), tmp_path / "a.parquet")
    predict(run=str(pets), images=str(tmp_path / "a.parquet"), out=str(tmp_path / "p.out.csv"))
    rows = csv.DictReader((tmp_path / "p.out.csv").read_text().splitlines())
    assert [(row["label"], row["confidence"]) for row in rows] == found["same"]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("hight,age", r"no column 'height', as the run's table has one; did you mean 'hight'"),
        ("height,age,age", "several columns 'age', as the run's table has one"),
    ],
)
def test_a_table_that_lacks_a_column_of_the_run_is_refused(pets, tmp_path, header, said):
    (tmp_path / "a.csv").write_text(f"{header}\n{','.join('1' for _ in header.split(','))}\n")
    with pytest.raises(SemisupError, match=said):
        predict(run=str(pets), images=str(tmp_path / "a.csv"), out=str(tmp_path / "out.csv"))


def test_the_column_of_the_label_is_left_out(tmp_path):
    from semisup.predicting.table_rows import feature_columns

    file = Path("a.csv")
    assert feature_columns(file, 4, 3, "kind", ["kind", "x", "y", "z"]) == [1, 2, 3]
    assert feature_columns(file, 4, 3, 1, None) == [0, 2, 3]
    assert feature_columns(file, 4, 3, None, None) == [0, 1, 2]
    assert feature_columns(file, 3, 3, "kind", None) == [0, 1, 2]
    with pytest.raises(SemisupError, match="none of them has the label's name, 'kind'"):
        feature_columns(file, 4, 3, "kind", ["w", "x", "y", "z"])
