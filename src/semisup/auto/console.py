"""What a job tells a person: what it compares, how far it is, and what it chose."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from semisup.auto.record import COLUMNS, Record, sentences, table_rows, title
from semisup.data import Split, Store
from semisup.runs.console import warn


def plan(console: Console, store: Store, split: Split, names: list[str], folder: Path) -> None:
    """Prints what is compared on which images.

    Args:
        console: Where to.
        store: The data set.
        split: Of the job.
        names: Of the candidates.
        folder: The run's.
    """
    sizes = f"{len(split.labeled):,} labeled and {len(split.unlabeled):,} unlabeled images"
    console.print(f"[bold]{escape(str(folder))}[/]", soft_wrap=True)
    console.print(f"{escape(store.name)}: {len(store.classes)} classes, {sizes}", soft_wrap=True)
    console.print(f"candidates: {escape(', '.join(names))}", soft_wrap=True)


def choice(console: Console, record: Record) -> None:
    """Prints the table of the candidates, the choice, and what can be expected of it.

    Args:
        console: Where to.
        record: What auto.json holds.
    """
    if record["held_out"]:
        table = Table(title=title(record), title_justify="left", box=None, padding=(0, 2, 0, 0))
        for column in COLUMNS:
            table.add_column(column, justify="right" if column else "left")
        for row in table_rows(record):
            table.add_row(*map(escape, row), style="bold" if row[0] == record["chosen"] else None)
        console.print(table)
    else:
        warn(console, title(record))
    for sentence in sentences(record):
        console.print(escape(sentence), soft_wrap=True)


def labels_written(console: Console, file: Path, count: int) -> None:
    """Says where the labels are.

    Args:
        console: Where to.
        file: Of the labels.
        count: How many.
    """
    console.print(f"[bold]labels[/] {escape(str(file))}: {count:,} images", soft_wrap=True)
