"""A table of pseudo-labels, Parquet or CSV, read column by column; what does not fit is refused with its row."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from semisup.core.errors import SemisupError, did_you_mean
from semisup.data.store import Store

KINDS = {
    "index": pa.int64(),
    "path": pa.string(),
    "label": pa.string(),
    "confidence": pa.float32(),
    "weight": pa.float32(),
    "kept": pa.bool_(),
    "copies": pa.int32(),
}


class Table:
    """The rows of a file. Raises SemisupError, naming the file, if it cannot be read or lacks a column."""

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            if file.suffix.lower() == ".csv":
                options = pyarrow.csv.ConvertOptions(column_types=KINDS)  # classes may be called 1, 2, 3
                self.rows = pyarrow.csv.read_csv(file, convert_options=options)
            else:
                with pyarrow.parquet.ParquetFile(file) as parquet:  # read_table makes a column of a folder named a=b
                    self.rows = parquet.read()
        except FileNotFoundError as error:
            raise SemisupError(f"there is no file {file}.") from error
        except (OSError, pa.ArrowException) as error:
            raise SemisupError(f"{file} is not a readable table, Parquet or .csv ({_sentence(error)}).") from error
        names = self.rows.column_names
        if "label" not in names or not {"index", "path"} & set(names):
            raise SemisupError(f"{file} needs a column label, and index or path; it has {', '.join(names) or 'none'}.")
        if twice := [name for name in (*KINDS, "probability") if names.count(name) > 1]:
            raise SemisupError(f"{file} has two columns named {twice[0]}; delete one.")

    def has(self, name: str) -> bool:
        return name in self.rows.column_names

    def origin(self) -> dict[str, str]:
        """What the file says of itself; nothing, if other tools have written it."""
        return {
            key.decode(errors="replace"): value.decode(errors="replace")
            for key, value in (self.rows.schema.metadata or {}).items()
        }

    def column(self, name: str, missing: Any) -> NDArray[Any]:
        """A column, (n,), in its type of KINDS; `missing` in empty cells, or in all where there is no such column."""
        kind = KINDS[name]
        cells = self._cast(name, kind) if self.has(name) else pa.chunked_array([pa.nulls(len(self.rows), kind)])
        values: NDArray[Any] = cells.fill_null(missing).to_numpy()
        return values

    def probability(self, classes: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The column of probabilities, (n, K), and whether a row has any, (n,)."""
        column = self._cast("probability", pa.list_(pa.float32(), classes)).combine_chunks()
        given = column.is_valid().to_numpy(zero_copy_only=False)
        values = np.zeros((len(given), classes), np.float32)
        values[given] = column.drop_null().flatten().to_numpy(zero_copy_only=False).reshape(-1, classes)
        return values, given

    def images(self, store: Store) -> NDArray[np.int64]:
        """The store's image that each row is about, (n,), by its index, else by its path."""
        if self.has("index"):
            return self.column("index", missing=-1)
        files = store.files()
        if files is None:
            raise SemisupError(f"{self.file} needs a column index: {store.name} was not made of files with a path.")
        path = self.column("path", missing="")
        image = _find(path, [printable(file) for file in files])
        self.refuse(image < 0, lambda row: f"{store.name} has no file '{path[row]}'; its first is '{files[0]}'.")
        return image

    def classes(self, store: Store) -> NDArray[np.int64]:
        """The class of each row, (n,); -1 where the cell is empty."""
        name = self.column("label", missing="")
        label = _find(name, store.classes)
        wrong = (label < 0) & (name != "")
        self.refuse(wrong, lambda row: f"there is no class '{name[row]}'; {did_you_mean(name[row], store.classes)}")
        return label

    def refuse(self, wrong: NDArray[np.bool_], reason: Callable[[int], str]) -> None:
        """Raises SemisupError for the first row that is wrong, if one is. The row under the header is row 1."""
        if wrong.any():
            row = int(wrong.argmax())
            raise SemisupError(f"{self.file}, row {row + 1}: {reason(row)}")

    def _cast(self, name: str, kind: Any) -> Any:
        try:
            return self.rows[name].cast(kind)
        except pa.ArrowException as error:
            raise SemisupError(f"column {name} of {self.file} is not {kind} ({_sentence(error)}).") from error


def printable(path: str) -> str:
    """A path as UTF-8 can hold it: bytes of a file's name that are no text become a question mark."""
    return path.encode(errors="surrogateescape").decode(errors="replace")


def _find(values: NDArray[Any], choices: Any) -> NDArray[np.int64]:
    """Where each value is among the choices, (n,); -1 = it is not."""
    found = pc.index_in(pa.array(values, pa.string()), pa.array(choices, pa.string()))
    return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
