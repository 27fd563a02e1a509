"""A small data set, and files of labels of its images."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from semisup.core.atomic_files import atomic_folder
from semisup.data.store import Store, open_store
from semisup.data.store_writer import finish_store
from semisup.labelers.files import write_labels
from semisup.labelers.inputs import Labels
from tests.labelers.label_files import HARD, UNLABELED


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
