"""Tables of labels of images, Parquet or text: one column `label`, beside a column `path` or `index`.

Tools write them and people correct them, so whatever does not fit is refused with its place in the file.
"""

import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from numpy.typing import NDArray

from semisup.core.errors import SemisupError, did_you_mean
from semisup.data.text_cells import MISSING, read_cells

COLUMNS = {
    "index": pa.int64(),
    "path": pa.string(),
    "label": pa.string(),
    "confidence": pa.float32(),
    "weight": pa.float32(),
    "kept": pa.bool_(),
    "copies": pa.int32(),
}
_NULLS = pa.array(sorted(MISSING), pa.string())
_TEXT = {".csv", ".tsv", ".txt"}  # the ends of names of text tables


class LabelTable:
    """The rows of a table of labels; other columns than those of COLUMNS are ignored.

    Messages count the rows of a CSV as an editor does: by the line on which a row starts, the header being line 1. The
    rows of a Parquet file are counted from 1. Names of columns may be in capitals and have white space around them.

    Args:
        file: A text table if its name ends in .csv, .tsv or .txt, else Parquet.
        keys: The columns that may name an image, of which the table needs one.
        labeled: Whether it needs a column `label`, too.
    """

    def __init__(self, file: Path, keys: Sequence[str] = ("index", "path"), labeled: bool = True) -> None:
        self.file = file
        self._lines: list[int] | None = None  # of a CSV, the line of each row
        try:
            if file.suffix.lower() in _TEXT:
                self._rows, self._lines = _read_text(file)
            else:
                with pyarrow.parquet.ParquetFile(file) as parquet:  # read_table makes a column of a folder named a=b
                    self._rows = parquet.read()
        except FileNotFoundError as error:
            raise SemisupError(f"there is no file {file}.") from error
        except (OSError, pa.ArrowException) as error:
            raise SemisupError(f"{file} is not a readable table, Parquet or .csv ({_sentence(error)}).") from error
        names = [_known_name(name) for name in self._rows.column_names]
        self._rows = self._rows.rename_columns(names).replace_schema_metadata(self._rows.schema.metadata)
        if (labeled and "label" not in names) or not {*keys} & {*names}:
            wanted, found = " or ".join(keys), ", ".join(names) or "none"
            needed = f"the columns label and {wanted}" if labeled else f"a column {wanted}"
            raise SemisupError(f"{file} needs {needed}; it has {found}.")
        if twice := [name for name in (*COLUMNS, "probability") if names.count(name) > 1]:
            raise SemisupError(f"{file} has two columns named {twice[0]}; delete one.")

    def has(self, name: str) -> bool:
        """Whether there is such a column.

        Args:
            name: The column's name.

        Returns:
            True or false.
        """
        return name in self._rows.column_names

    def metadata(self) -> dict[str, str]:
        """The metadata of a Parquet file; those of a CSV are empty."""
        return {
            key.decode(errors="replace"): value.decode(errors="replace")
            for key, value in (self._rows.schema.metadata or {}).items()
        }

    def column(self, name: str, missing: Any) -> NDArray[Any]:
        """One column in its type of COLUMNS.

        Args:
            name: A name of COLUMNS.
            missing: The value of empty cells, or of all cells where the table has no such column.

        Returns:
            The n values.

        Raises:
            SemisupError: If a cell is of another type.
        """
        kind = COLUMNS[name]
        cells = self._cast(name, kind) if self.has(name) else pa.chunked_array([pa.nulls(len(self._rows), kind)])
        values: NDArray[Any] = cells.fill_null(missing).to_numpy()
        return values

    def probability(self, classes: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The column `probability`.

        Args:
            classes: K.

        Returns:
            The probabilities (n, K), and whether a row has any (n,).
        """
        column = self._cast("probability", pa.list_(pa.float32(), classes)).combine_chunks()
        given = column.is_valid().to_numpy(zero_copy_only=False)
        values = np.zeros((len(given), classes), np.float32)
        values[given] = column.drop_null().flatten().to_numpy(zero_copy_only=False).reshape(-1, classes)
        return values, given

    def targets(self, classes: Sequence[str]) -> NDArray[np.int64]:
        """The class of each row.

        Args:
            classes: The K names.

        Returns:
            Numbers of classes (n,); -1 where the label is blank, or a word for a missing one that names no class.

        Raises:
            SemisupError: If a label names none of the classes.
        """
        names = self.column("label", missing="")
        target = find(names, classes)
        blank = np.array([name.strip() in MISSING | {"-1"} for name in names], bool)
        self.refuse(
            (target < 0) & ~blank, lambda row: f"there is no class '{names[row]}'; {did_you_mean(names[row], classes)}"
        )
        return target

    def where(self, row: int) -> str:
        """The place of a row as messages name it.

        Args:
            row: The row's number, from 0.

        Returns:
            Such as 'labels.csv, line 2' or 'labels.parquet, row 1'.
        """
        return f"{self.file}, {self.place(row)}"

    def place(self, row: int) -> str:
        """The place of a row within the file.

        Args:
            row: The row's number, from 0.

        Returns:
            Such as 'line 2' in a CSV or 'row 1' in Parquet.
        """
        return f"row {row + 1}" if self._lines is None else f"line {self._lines[row]}"

    def refuse(self, wrong: NDArray[np.bool_], reason: Callable[[int], str]) -> None:
        """Refuses the table if a row is wrong.

        Args:
            wrong: Which rows are, (n,).
            reason: Says what is wrong with a row, of which it gets the number from 0.

        Raises:
            SemisupError: If a row is wrong, for the first one.
        """
        if wrong.any():
            row = int(wrong.argmax())
            raise SemisupError(f"{self.where(row)}: {reason(row)}")

    def _cast(self, name: str, kind: Any) -> Any:
        cells = self._rows[name]
        try:
            if cells.type == pa.string() and kind != pa.string():
                cells = pc.if_else(pc.is_in(cells, _NULLS), None, cells)
            return cells.cast(kind)
        except pa.ArrowException as error:
            raise SemisupError(f"column {name} of {self.file} is not {kind} ({_sentence(error)}).") from error


def find(values: NDArray[Any], choices: Sequence[str], paths: bool = False) -> NDArray[np.int64]:
    """Where each of some strings is among the choices: the same one, or else the only one that is written alike.

    White space around a string and the form of its Unicode letters do not count: é may be one character or two. In
    paths, backslashes are slashes.

    Args:
        values: (n,) strings.
        choices: Strings that are all different.
        paths: Whether they are paths.

    Returns:
        Places (n,); -1 for a string that is no choice.
    """
    found = pc.index_in(pa.array(values, pa.string()), pa.array(choices, pa.string()))
    places: NDArray[np.int64] = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    if len(rest := np.flatnonzero(places < 0)):
        alike: dict[str, int] = {}
        for place, choice in enumerate(choices):
            key = written_alike(choice, paths)
            alike[key] = -1 if key in alike else place
        places[rest] = [alike.get(written_alike(values[row], paths), -1) for row in rest]
    return places


def written_alike(text: str, path: bool = False) -> str:
    """What strings have in common that differ in white space around them, in Unicode's form, or in their slashes.

    Args:
        text: A string.
        path: Whether it is a path.

    Returns:
        The same for all of them.
    """
    text = unicodedata.normalize("NFC", text.strip())
    return text.replace("\\", "/").removeprefix("./") if path else text


def _known_name(column: str) -> str:
    name = column.strip().casefold()
    return name if name in (*COLUMNS, "probability") else column


def _read_text(file: Path) -> tuple[Any, list[int]]:
    """The cells as a table of strings, and the line on which each row starts."""
    names: list[str] = []
    rows, lines = [], []
    for line, cells in read_cells(file):
        if not names:
            names = cells
            continue
        if len(cells) > len(names):
            if any(cells[len(names) :]):
                raise SemisupError(f"{file}, line {line}: {len(cells)} cells below a header of {len(names)}.")
            cells = cells[: len(names)]
        rows.append(cells + [""] * (len(names) - len(cells)))
        lines.append(line)
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pa.table([pa.array(column, pa.string()) for column in columns], names=names), lines


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
