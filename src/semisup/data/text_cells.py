"""Reads the cells of a text table as Excel, Windows and other tools write it: any usual separator and encoding."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from semisup.core.errors import SemisupError

MISSING = frozenset(
    (
        *("", "?", "nan", "NaN", "NAN", "-nan", "-NaN", "NA", "N/A", "n/a", "#N/A", "#NA", "#N/A N/A", "<NA>", "NaT"),
        *("null", "NULL", "Null", r"\N", "None", "nil", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
    )
)  # the words of R, pandas, SQL, ARFF and Excel for a missing value, which name no class
_SEPARATORS = "\t;,"
_ENCODINGS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}  # by the mark at the beginning

_CLOSE = "close its quote, or double the quotes within it"
Row = tuple[int, list[str]]  # line number in the file, cells


def read_cells(file: Path) -> Iterator[Row]:
    """Reads the rows that are not blank, split at the separator of the first line: tab, semicolon, comma or space.

    Args:
        file: The file, in UTF-8, or in UTF-16 with a mark at its beginning. `sep=;` may be its first line.

    Yields:
        The line on which a row starts, from 1, and its cells without white space around them.

    Raises:
        SemisupError: If the file is no such text, or its quotes are wrong.
    """
    text = _text(file)
    named = re.match(r"sep=(.)\r?\n", text)  # Excel's own first line
    first = next((line for line in text[named.end() if named else 0 :].splitlines() if line.strip()), "")
    outside_quotes = re.sub(r'"[^"]*"', "", first)
    separator = named[1] if named else next((mark for mark in _SEPARATORS if mark in outside_quotes), None)
    if separator is None and '"' not in first:
        lines = enumerate(text.splitlines(), start=1)
        yield from ((number, line.split()) for number, line in lines if line.strip())
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator or " ", skipinitialspace=True, strict=True)
    number, width = 1, 0  # the line on which a row starts, and the cells of the first row
    try:
        for row in reader:
            if any(cell.strip() for cell in row) and not (named and number == 1):
                width = width or len(row)
                _refuse_swallowed_rows(file, number, row, separator, width)
                yield number, [cell.strip() for cell in row]
            number = reader.line_num + 1
    except csv.Error as error:
        raise SemisupError(f"{file}, line {number}: a quoted cell is not as CSV has it ({error}); {_CLOSE}.") from error


def _text(file: Path) -> str:
    content = file.read_bytes()
    try:
        text = content.decode(_ENCODINGS.get(content[:2], "utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SemisupError(f"the table {file} is not text in UTF-8 ({error.reason}); save it as CSV UTF-8.") from error
    if "\0" in text:
        raise SemisupError(f"the table {file} is not text in UTF-8 (it has zero bytes); save it as CSV UTF-8.")
    return text


def _refuse_swallowed_rows(file: Path, number: int, row: list[str], separator: str | None, width: int) -> None:
    """A quote that is not closed makes the next rows a part of its cell."""
    for cell in row:
        later = cell.splitlines()[1:]
        if separator and any(line.count(separator) + 1 == width > 1 for line in later):
            raise SemisupError(f"{file}, line {number}: a quoted cell holds what looks like the next row; {_CLOSE}.")
