"""What a job tells a person: what it compares, how far it is, and what it chose."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

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


def choice(console: Console, record: dict[str, Any]) -> None:
    """Prints the table of the candidates, the choice, and what can be expected of it.

    Args:
        console: Where to.
        record: What auto.json holds.
    """
    if not record["candidates"]:
        warn(console, "no class has two labels, so nothing can be cross-validated. Label a second image of a class.")
        console.print(f"taken without a comparison: [bold]{escape(record['chosen'])}[/]")
        return
    console.print(candidates_table(record))
    console.print(f"chosen: [bold]{escape(record['chosen'])}[/], the simplest within one standard error of the best")
    for sentence in sentences(record):
        console.print(sentence, soft_wrap=True)


def candidates_table(record: dict[str, Any]) -> Table:
    """A line for each candidate.

    Args:
        record: What auto.json holds.

    Returns:
        Accuracy in cross-validation, the difference to the labels alone, and the seconds of a training.
    """
    title = f"cross-validation: {record['repeats']} x {record['folds']} folds, {record['held_out']:,} labeled images"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in ("", "accuracy", "95 % interval", "to labels alone", "95 % interval", "seconds"):
        table.add_column(column, justify="right" if column else "left")
    for number, row in enumerate(record["candidates"]):
        low, high = row["interval"]
        cells = [f"{row['accuracy']:.1%}", f"{low:.1%} to {high:.1%}"]
        if number:
            low, high = row["difference_interval"]
            cells += [f"{100 * row['difference']:+.1f}", f"{100 * low:+.1f} to {100 * high:+.1f}"]
        else:
            cells += ["", ""]
        name = escape(row["name"])
        table.add_row(f"[bold]{name}[/]" if row["name"] == record["chosen"] else name, *cells, f"{row['seconds']:.1f}")
    return table


def sentences(record: dict[str, Any]) -> list[str]:
    """What can be expected of the choice, in words.

    Args:
        record: What auto.json holds, of a job that was cross-validated.

    Returns:
        A sentence each.
    """
    said = []
    baseline, *others = record["candidates"]
    best = max(others, key=lambda row: row["difference"])
    if record["chosen"] == baseline["name"]:
        said.append(
            f"The unlabeled images bring nothing that these labels can show: at most {100 * best['difference']:+.1f} "
            f"points, by {best['name']}."
        )
    for one in record["thresholds"]:
        if one["confidence"] is None:
            said.append(f"No threshold of confidence reaches an accuracy of {one['goal']:.0%} on the held-out images.")
        else:
            said.append(
                f"From a confidence of {one['confidence']:.2f}, {one['goal']:.0%} of the held-out predictions are "
                f"correct; {one['share']:.0%} of them are that confident."
            )
    if (doubled := record["twice_as_many_labels"]) is not None:
        said.append(
            f"Twice as many labels ({2 * record['labels']:,}) would bring about {doubled:.0%}, if the error goes on to "
            "fall as it did up to now."
        )
    return said


def labels_written(console: Console, file: Path, count: int) -> None:
    """Says where the labels are.

    Args:
        console: Where to.
        file: Of the labels.
        count: How many.
    """
    console.print(f"[bold]labels[/] {escape(str(file))}: {count:,} images", soft_wrap=True)
