"""The file of labels: written batch by batch, and after an interruption written on.

CSV and JSON lines grow in place, a line per item; Parquet, which cannot grow, is made of a CSV file when all is done.
"""

import csv
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from semisup.core.atomic_files import atomic_write
from semisup.core.errors import SemisupError, did_you_mean
from semisup.predicting.parquet import from_csv, read

SUFFIXES = (".csv", ".jsonl", ".parquet")
COLUMNS = ("path", "label", "confidence")


class Row(NamedTuple):
    """What is said of an item. confidence: of the label. probability: of each class, if asked for."""

    path: str
    label: str
    confidence: float
    probability: Sequence[float] = ()


class Output:
    """A file of labels, of the kind that its suffix says. classes: whose probabilities are written; () = none."""

    def __init__(self, file: Path, classes: Sequence[str] = ()) -> None:
        if file.suffix not in SUFFIXES:
            raise SemisupError(
                f"out={file} is no kind of file that labels are written to: {did_you_mean(file.suffix, SUFFIXES)}"
            )
        self.file, self.classes = file, list(classes)
        self.parquet = file.suffix == ".parquet"
        self.growing = beside(file, "partial.csv") if self.parquet else file
        self.unreadable = beside(file, "unreadable.txt")
        self.record = beside(file, "predict.json")

    @property
    def siblings(self) -> tuple[Path, ...]:
        """All files that may be written; their drafts are hidden ones."""
        return self.file, self.growing, self.unreadable, self.record

    @property
    def columns(self) -> list[str]:
        return [*COLUMNS, *(f"p({name})" for name in self.classes)]

    def delete(self) -> None:
        for file in self.siblings:
            file.unlink(missing_ok=True)

    def resume(self) -> None:
        """Makes what an earlier session wrote ready to be written on: a line that is not whole goes."""
        if self.parquet and self.file.exists() and not self.growing.exists():
            with atomic_write(self.growing) as draft, draft.open("w", encoding="utf-8", newline="") as out:
                out.write(self.header())
                for path, label, *numbers in read(self.file, self.columns):
                    out.write(self._csv_line(Row(path, label, numbers[0], numbers[1:])))
        if self.growing.exists():
            cut_half_line(self.growing)

    def header(self) -> str:
        return "" if self.file.suffix == ".jsonl" else csv_line(self.columns)

    def write(self, rows: Sequence[Row]) -> None:
        """Adds rows; they are in the system's hands when this returns. Raises SemisupError if the disk is full."""
        line = self._json_line if self.file.suffix == ".jsonl" else self._csv_line
        try:
            with self.growing.open("a", encoding="utf-8", newline="") as out:
                out.write(("" if out.tell() else self.header()) + "".join(map(line, rows)))
        except OSError as error:
            raise SemisupError(
                f"{self.growing} could not be written on ({error.strerror}); the same command goes on from there."
            ) from error

    def finish(self) -> None:
        """Makes the Parquet file, or a file without a row where nothing was to be labeled."""
        self.write([])
        if self.parquet:
            from_csv(self.growing, self.file, self.columns)
            self.growing.unlink()

    def rows(self) -> Iterator[Row]:
        """What is written so far, without the probabilities, in the order of the file.

        Raises SemisupError if someone else has written in it.
        """
        if not self.growing.exists():
            if self.file.exists():
                yield from (Row(*row[:3]) for row in read(self.file, COLUMNS))
            return
        count = 0
        with self.growing.open(encoding="utf-8", newline="") as lines:
            try:
                if self.file.suffix == ".jsonl":
                    found: Iterator[Sequence[Any]] = ([json.loads(line)[key] for key in COLUMNS] for line in lines)
                else:
                    found = csv.reader(lines)
                    if next(found, self.columns) != self.columns:
                        raise ValueError("another header")
                for path, label, confidence, *_ in found:
                    yield Row(path, label, float(confidence))
                    count += 1
            except (ValueError, KeyError, TypeError, csv.Error) as error:
                raise SemisupError(
                    f"{self.growing} was changed by hand or another program, and from row {count + 1} on it is not as "
                    "predict writes it: choose another out, or replace it with overwrite=true."
                ) from error

    def _csv_line(self, row: Row) -> str:
        return csv_line([row.path, row.label, *(f"{value:.6f}" for value in (row.confidence, *row.probability))])

    def _json_line(self, row: Row) -> str:
        values: dict[str, Any] = {"path": row.path, "label": row.label, "confidence": round(row.confidence, 6)}
        if self.classes:
            values["probabilities"] = {c: round(p, 6) for c, p in zip(self.classes, row.probability, strict=True)}
        return json.dumps(values, ensure_ascii=False) + "\n"


def beside(file: Path, end: str) -> Path:
    return file.with_name(f"{file.name}.{end}")


class _Lines:
    """A file as csv.writer wants one, which keeps the last line."""

    def write(self, line: str) -> None:
        self.line = line


def csv_line(cells: Sequence[str]) -> str:
    out = _Lines()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.line


def cut_half_line(file: Path, block: int = 1 << 16) -> None:
    """Cuts off what follows the last line break."""
    with file.open("r+b") as lines:
        end = lines.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - block)
            lines.seek(start)
            found = lines.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        lines.truncate(end)
