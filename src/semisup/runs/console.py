"""What a run tells a person: its plan before, its result after."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from semisup.config import Config
from semisup.config.identity import short_name
from semisup.config.resolve import embeds_without_a_teacher
from semisup.core.terminal import warn
from semisup.data import SSLDataModule
from semisup.methods import Method
from semisup.runs.round_tables import class_table, clusters_table, rounds_table

Record = dict[str, Any]


def terminal(quiet: bool = False) -> Console:
    """The terminal. What is in square brackets or between colons is printed as it is: names of classes may have them.

    Args:
        quiet: Whether nothing is printed.

    Returns:
        The console.
    """
    return Console(quiet=quiet, markup=False, emoji=False)


def plan(console: Console, data: SSLDataModule, method: Method | None, config: Config, folder: Path) -> None:
    """Prints how many images of which kind there are, and how often a training sees each.

    Args:
        console: Where to.
        data: With the run's split.
        method: Of the first round that trains one; None if the run only labels images.
        config: The run's, completed.
        folder: The run's.
    """
    split, store = data.split, data.store
    table = _table()
    unknown = f" and {len(store.unknown_classes)} unknown ones" if store.unknown_classes else ""
    table.add_row("data", f"{store.name}: {len(store.classes)} classes{unknown}, {_shape(store.shape)}")
    if method is None:
        labeler, embedding = (short_name(config[node]["_target_"]) for node in ("labeler", "embedding"))
        spent = f" + {len(split.validation):,} for validation, which is not used" if len(split.validation) else ""
        table.add_row("labels", f"{len(split.labeled):,}{spent}")
        table.add_row("unlabeled", f"{len(split.unlabeled):,}, to be labeled by {labeler} of {embedding}")
        table.add_row("training", "none")
    else:
        for name, text in _plan_of_training(data, method, config):
            table.add_row(name, text)
    _print_folder(console, folder)
    console.print(table)


def _plan_of_training(data: SSLDataModule, method: Method, config: Config) -> list[tuple[str, str]]:
    split, rounds, steps = data.split, config["rounds"], config["trainer"]["max_steps"]
    seen = steps * data.batch_size / len(split.labeled)
    spent = f" + {len(split.validation):,} that only choose the checkpoint" if len(split.validation) else ""
    rows = [("labels", f"{len(split.labeled):,} to train on{spent}; each is seen {seen:,.1f} times")]
    if not len(split.validation):
        rows.append(("", "no validation images: the last checkpoint is evaluated"))
    unlabeled, sizes = data.batch_size * data.ratio, f"{data.batch_size} labeled"
    if method.views and not method.uses_pseudo_label_targets:
        joined = f" + {len(split.labeled):,} labeled" if split.labeled_in_unlabeled else ""
        seen = steps * unlabeled / max(1, len(split.stream))
        rows.append(("unlabeled", f"{len(split.unlabeled):,}{joined}; each is seen {seen:,.1f} times"))
        sizes += f" + {unlabeled} unlabeled"
    else:
        use = "for the students" if rounds["students"] else f"not used by {type(method).__name__}"
        rows.append(("unlabeled", f"{len(split.unlabeled):,}, {use}"))
    source = rounds["labels"]
    if embeds_without_a_teacher(config):
        source = f"{short_name(config['labeler']['_target_'])} of {short_name(config['embedding']['_target_'])}"
    if not source:
        rows.append(("training", f"{steps:,} steps of {sizes}"))
    if rounds["students"]:
        sizes = f"{data.batch_size} labeled + {unlabeled} pseudo-labeled"
        rows.append(("students", f"at most {rounds['students']}, after {source or 'this teacher'}"))
        rows.append(("", f"{rounds['student_steps'] or steps:,} steps of {sizes} each"))
    parameters = sum(p.numel() for p in method.network.parameters())
    return [*rows, ("network", f"{type(method.network).__name__}, {parameters:,} parameters")]


def show_progress(console: Console, doing: str, units: str) -> Callable[[int, int], None]:
    """Shows how far a long computation is, with the time that is left.

    Args:
        console: A bar on a terminal; elsewhere a line at each tenth.
        doing: What is going on, such as embedding.
        units: What is counted, such as images.

    Returns:
        Called with the parts that are done and all of them.
    """
    if console.is_terminal:
        return _bar(console, doing)
    began, told = time.monotonic(), [0]

    def show(done: int, total: int) -> None:
        if done * 10 // total > told[0] and total >= 10:
            told[0] = done * 10 // total
            left = (time.monotonic() - began) * (total - done) / done
            console.print(f"{doing}: {done / total:.0%} of the {units}, {left:,.0f} s left", soft_wrap=True)

    return show


def _bar(console: Console, doing: str) -> Callable[[int, int], None]:
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True)
    task = bar.add_task("", total=None)

    def show(done: int, total: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=total)
        if done == total:
            bar.stop()

    return show


def round_record(console: Console, record: Record, several: bool) -> None:
    """Prints a line about a finished round.

    Args:
        console: Where to.
        record: The round's.
        several: Whether there are other rounds; nothing is printed without.
    """
    if several:
        line = f"round {record['round']}, {record['kind']}"
        validation, labels = record["validation"], record["labels"]
        if validation:
            line += f": validation accuracy {validation['accuracy']:.2%}"
        if labels:
            accuracy = "" if labels["accuracy"] is None else f", accuracy by weight {labels['accuracy']:.2%}"
            line += f"; pseudo-labels for {labels['kept']:,} of {labels['images']:,} unlabeled images{accuracy}"
        console.print(line)


def result(console: Console, folder: Path, figures: dict[str, Any]) -> None:
    """Prints the most important figures of a result.

    Args:
        console: Where to.
        folder: The run's.
        figures: What result.json holds; nothing is printed if they are empty, as in later processes.
    """
    if not figures:
        return
    records = figures["rounds"]
    _print_folder(console, folder)
    if figures["steps"]:
        console.print(_result_of_training(figures))
        more = [rounds_table(records, figures["round"]), class_table(records)] if len(records) > 1 else []
    else:
        console.print(_result_of_labels(records[0]))
        if records[0]["warning"]:
            warn(console, records[0]["warning"])
        more = [class_table(records[:1])]
    for sentence in figures.get("warnings", ()):
        warn(console, sentence)
    for table in filter(None, [*more, clusters_table(records)]):
        console.print(table)


def _result_of_training(figures: dict[str, Any]) -> Table:
    table = _table()
    if test := figures["test"]:
        low, high = test["accuracy_interval"]
        interval = f"{test['accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%}, {test['images']:,} images)"
        table.add_row("test accuracy", interval)
        table.add_row("calibration error", f"{test['calibration_error']:.3f}")
        if open_set := test.get("open_set"):
            by = "the confidence" if open_set["score"] == "confidence" else "the method's detector"
            images = f"{open_set['unknown_images']:,} test images of unknown classes, by {by}"
            table.add_row("AUROC", f"{open_set['auroc']:.2%} ({images})")
    else:
        table.add_row("test accuracy", "no test set")
    if validation := figures["validation"]:
        where = f"{validation['images']:,} images, at step {validation['step']:,} of {figures['steps']:,}"
        table.add_row("validation accuracy", f"{validation['accuracy']:.2%} ({where})")
    if labels := figures["pseudo_labels"]:
        accuracy = "unknown" if labels["accuracy"] is None else f"{labels['accuracy']:.2%}"
        used = f"{labels['coverage']:.1%} of the unlabeled images used"
        table.add_row("pseudo-labels", used + (f", accuracy {accuracy}" if labels["coverage"] else ""))
        if labels.get("outlier_share") is not None:
            outliers = f"{labels['outlier_coverage']:.1%} of the images of unknown classes used"
            table.add_row("", f"{outliers}, which are {labels['outlier_share']:.1%} of those in use")
    if figures.get("tuned"):
        table.add_row("tuned", ", ".join(f"{k} {v:.3g}" for k, v in figures["tuned"].items()))
    table.add_row("seconds", f"{figures['seconds']:,.0f}")
    return table


def _result_of_labels(record: Record) -> Table:
    labels, table = record["labels"], _table()
    kept = f"{labels['kept']:,} of {labels['images']:,} unlabeled images ({labels['coverage']:.2%})"
    table.add_row("labeled", f"{kept} by {record['kind']}")
    if labels["accuracy"] is not None:
        table.add_row("accuracy", f"{labels['accuracy']:.2%} of those, by weight")
    if labels["accuracy_of_all"] is not None:
        table.add_row("accuracy of all", f"{labels['accuracy_of_all']:.2%}, including images that are not kept")
    return table


def _print_folder(console: Console, folder: Path) -> None:
    """On a line of its own, which no terminal breaks, so that it can be copied."""
    console.print(str(folder), style="italic", highlight=False, soft_wrap=True)


def _table() -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    return table


def _shape(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"rows of {shape[0]} numbers"
    return f"images of {shape[2]}x{shape[1]} pixels, {'gray' if shape[0] == 1 else 'color'}"
