"""Labels in Parquet, by parts."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from semisup.core.atomic_files import atomic_write


def from_csv(source: Path, target: Path, columns: Sequence[str]) -> None:
    """Turns a CSV file of labels into a Parquet file, which takes its name when it is whole."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    types = {name: pa.float32() for name in columns} | {"path": pa.string(), "label": pa.string()}
    convert = csv.ConvertOptions(column_types=types, strings_can_be_null=False)
    with (
        atomic_write(target) as draft,
        csv.open_csv(source, convert_options=convert) as parts,
        parquet.ParquetWriter(draft, parts.schema) as out,
    ):
        for part in parts:
            out.write_batch(part)


def read(file: Path, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a Parquet file."""
    from pyarrow import parquet

    for part in parquet.ParquetFile(file).iter_batches(batch_size=4096, columns=list(columns)):
        yield from zip(*(part.column(name).to_pylist() for name in columns), strict=True)
