"""The file of predictions. It is written batch by batch, and continued after an interruption.

CSV and JSON lines grow in place, a line per sample. Parquet cannot grow: it is made of a CSV file at the end.
"""

import csv
import io
import json
import mmap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from semisup.core.atomic_files import atomic_write
from semisup.core.errors import SemisupError, did_you_mean

SUFFIXES = (".csv", ".jsonl", ".parquet")
COLUMNS = ("path", "label", "confidence")
UNKNOWN = "unknown"  # the label of a sample that is likely of none of the classes


class Prediction(NamedTuple):
    """The prediction for one sample.

    Args:
        path: The sample's name.
        label: The name of the most probable class, or 'unknown'.
        confidence: The probability of that class; of 'unknown', the score of its being of no class.
        probability: The probability of each class; empty if they were not asked for.
    """

    path: str
    label: str
    confidence: float
    probability: Sequence[float] = ()


class PredictionFile:
    """A file of predictions in the format of its suffix, and the files beside it.

    Args:
        file: FILE.csv, FILE.jsonl or FILE.parquet.
        classes: The classes whose probabilities are written; empty for none.

    Attributes:
        growing: What is written to until all samples are predicted: FILE itself, or FILE.partial.csv for Parquet.
        unreadable: FILE.unreadable.txt, the list of the samples that cannot be read.
        record: FILE.predict.json, what the predictions were made from.

    Raises:
        SemisupError: If the suffix is none of these.
    """

    def __init__(self, file: Path, classes: Sequence[str] = ()) -> None:
        if file.suffix not in SUFFIXES:
            raise SemisupError(f"out={file} has no suffix of a prediction file: {did_you_mean(file.suffix, SUFFIXES)}")
        self.file, self.classes = file, list(classes)
        self.parquet = file.suffix == ".parquet"
        self.growing = _beside(file, "partial.csv") if self.parquet else file
        self.unreadable = _beside(file, "unreadable.txt")
        self.record = _beside(file, "predict.json")

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that may be written. Temporary files are hidden ones."""
        return self.file, self.growing, self.unreadable, self.record

    @property
    def columns(self) -> list[str]:
        """The names of the columns, as in the first line of a CSV file."""
        return [*COLUMNS, *(f"p({name})" for name in self.classes)]

    def delete(self) -> None:
        """Removes all files."""
        for file in self.files:
            file.unlink(missing_ok=True)

    def resume(self) -> None:
        """Prepares what an earlier call wrote for being continued: an incomplete last line is removed."""
        if self.parquet and self.file.exists() and not self.growing.exists():
            with atomic_write(self.growing) as temporary, temporary.open("w", encoding="utf-8", newline="") as out:
                out.write(self._header())
                for path, label, confidence, *probability in _read_parquet(self.file, self.columns):
                    out.write(self._text([Prediction(path, label, confidence, probability)]))
        if self.growing.exists():
            cut_incomplete_line(self.growing)

    def write(self, predictions: Sequence[Prediction]) -> None:
        """Adds predictions. The operating system has them when this returns.

        Args:
            predictions: Those of a batch.

        Raises:
            SemisupError: If they cannot be written, such as on a full disk.
        """
        try:
            with self.growing.open("a", encoding="utf-8", newline="") as out:
                out.write(("" if out.tell() else self._header()) + self._text(predictions))
        except OSError as error:
            raise SemisupError(
                f"{self.growing} could not be written ({error.strerror}); the same command continues from there."
            ) from error

    def finish(self) -> None:
        """Makes the Parquet file, or a file without predictions where there are none."""
        self.write([])
        if self.parquet:
            _csv_to_parquet(self.growing, self.file, self.columns)
            self.growing.unlink()

    def read(self) -> Iterator[Prediction]:
        """The predictions written so far, without the probabilities, in the order of the file.

        Raises:
            SemisupError: If the file is not as `write` left it.
        """
        if not self.growing.exists():
            if self.file.exists():
                yield from (Prediction(*row) for row in _read_parquet(self.file, COLUMNS))
            return
        count = 0
        with self.growing.open(encoding="utf-8", newline="") as lines:
            try:
                for path, label, confidence, *_ in self._rows(lines):
                    yield Prediction(path, label, float(confidence))
                    count += 1
            except (ValueError, KeyError, TypeError, csv.Error) as error:
                raise SemisupError(
                    f"{self.growing} was changed by hand or another program, and from row {count + 1} on it is not as "
                    "predict writes it: choose another out, or replace it with overwrite=true."
                ) from error

    def _rows(self, lines: Iterable[str]) -> Iterator[Sequence[Any]]:
        if self.file.suffix == ".jsonl":
            yield from ([json.loads(line)[key] for key in COLUMNS] for line in lines)
            return
        rows = csv.reader(lines)
        if next(rows, self.columns) != self.columns:
            raise ValueError("another header")
        yield from rows

    def _header(self) -> str:
        return "" if self.file.suffix == ".jsonl" else _csv_lines([self.columns])

    def _text(self, predictions: Iterable[Prediction]) -> str:
        if self.file.suffix == ".jsonl":
            return "".join(json.dumps(self._values(p), ensure_ascii=False) + "\n" for p in predictions)
        return _csv_lines(
            [p.path, p.label, *(f"{value:.6f}" for value in (p.confidence, *p.probability))] for p in predictions
        )

    def _values(self, prediction: Prediction) -> dict[str, Any]:
        path, label, confidence, probability = prediction
        values: dict[str, Any] = {"path": path, "label": label, "confidence": round(confidence, 6)}
        if self.classes:
            values["probabilities"] = {c: round(p, 6) for c, p in zip(self.classes, probability, strict=True)}
        return values


def cut_incomplete_line(file: Path) -> None:
    """Removes what follows the last line break.

    Args:
        file: A text file; it is changed in place.
    """
    with file.open("r+b") as lines:
        if file.stat().st_size:  # an empty file cannot be mapped
            with mmap.mmap(lines.fileno(), 0, access=mmap.ACCESS_READ) as content:
                end = content.rfind(b"\n") + 1
            lines.truncate(end)


def _beside(file: Path, end: str) -> Path:
    return file.with_name(f"{file.name}.{end}")


def _csv_lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _csv_to_parquet(source: Path, target: Path, columns: Sequence[str]) -> None:
    """Converts a CSV file of predictions, part by part."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    types = {name: pa.float32() for name in columns} | {"path": pa.string(), "label": pa.string()}
    convert = csv.ConvertOptions(column_types=types, strings_can_be_null=False)
    with (
        atomic_write(target) as temporary,
        csv.open_csv(source, convert_options=convert) as parts,
        parquet.ParquetWriter(temporary, parts.schema) as out,
    ):
        for part in parts:
            out.write_batch(part)


def _read_parquet(file: Path, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a Parquet file, part by part."""
    from pyarrow import parquet

    for part in parquet.ParquetFile(file).iter_batches(batch_size=4096, columns=list(columns)):
        yield from zip(*(part.column(name).to_pylist() for name in columns), strict=True)
