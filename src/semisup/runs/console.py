"""What a run tells a person: its plan before, its result after."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from semisup.config.resolve import Config, embeds_without_a_teacher
from semisup.data import SSLDataModule
from semisup.methods import Method

MOST_CLASSES = 20  # that are listed on a terminal; result.json has all


def plan(console: Console, data: SSLDataModule, method: Method, config: Config, folder: Path) -> None:
    """How many images of which kind, and how often each will be seen; method, config: of the first round."""
    split, store, steps = data.split, data.store, config["trainer"]["max_steps"]
    seen = steps * data.batch_size / len(split.labeled)
    table = _table(str(folder))
    table.add_row("data", f"{store.name}: {len(store.classes)} classes, {_shape(store.shape)}")
    spent = f" + {len(split.validation):,} that only choose the checkpoint" if len(split.validation) else ""
    table.add_row("labels", f"{len(split.labeled):,} to train on{spent}; each is seen {seen:,.1f} times")
    if not len(split.validation):
        table.add_row("", "no validation images: the last checkpoint is evaluated")
    untrained = embeds_without_a_teacher(config)
    again, unlabeled = config["rounds"], data.batch_size * data.ratio
    if method.views and not method.uses_pseudo_label_targets:
        joined = f" + {len(split.labeled):,} labeled" if split.labeled_in_unlabeled else ""
        seen = steps * unlabeled / max(1, len(split.stream))
        table.add_row("unlabeled", f"{len(split.unlabeled):,}{joined}; each is seen {seen:,.1f} times")
        sizes = f"{data.batch_size} labeled + {unlabeled} unlabeled"
    else:
        use = "for the students" if again["students"] else f"not used by {type(method).__name__}"
        table.add_row("unlabeled", f"{len(split.unlabeled):,}, {use}")
        sizes = f"{data.batch_size} labeled"
    given = again["labels"] or (config["embedding"]["_target_"].rpartition(".")[2] if untrained else None)
    if not given:
        table.add_row("training", f"{steps:,} steps of {sizes}")
    if again["students"]:
        table.add_row("students", f"at most {again['students']}, after {given or 'this teacher'}")
        sizes = f"{data.batch_size} labeled + {unlabeled} pseudo-labeled"
        table.add_row("", f"{again['student_steps'] or steps:,} steps of {sizes} each")
    parameters = sum(p.numel() for p in method.network.parameters())
    table.add_row("network", f"{type(method.network).__name__}, {parameters:,} parameters")
    console.print(table)


def plan_of_labels(console: Console, data: SSLDataModule, config: Config, folder: Path) -> None:
    """Which images are labeled by what, where nothing is trained."""
    split, store = data.split, data.store
    labeler, embedding = (config[node]["_target_"].rpartition(".")[2] for node in ("labeler", "embedding"))
    table = _table(str(folder))
    table.add_row("data", f"{store.name}: {len(store.classes)} classes, {_shape(store.shape)}")
    spent = f" + {len(split.validation):,} for validation, which nothing is made of" if len(split.validation) else ""
    table.add_row("labels", f"{len(split.labeled):,}{spent}")
    table.add_row("unlabeled", f"{len(split.unlabeled):,}, to be labeled by {labeler} of {embedding}")
    table.add_row("training", "none")
    console.print(table)


def round_record(console: Console, record: dict[str, Any], several: bool) -> None:
    """One line about a finished round. several: whether there are others."""
    if several:
        what = f"round {record['round']}, {record['kind']}"
        validation, labels = record["validation"], record["labels"]
        if validation:
            what += f": validation accuracy {validation['accuracy']:.2%}"
        if labels:
            right = "" if labels["accuracy"] is None else f", {labels['accuracy']:.2%} of them right"
            what += f"; it labels {labels['kept']:,} of {labels['images']:,} unlabeled images{right}"
        console.print(what)


def warn(console: Console, sentence: str) -> None:
    """What a person should know before trusting the result."""
    console.print(f"[bold yellow]warning[/] {sentence}")


def rounds(records: list[dict[str, Any]], chosen: int) -> Table:
    """A line per round: what was trained, and what its pseudo-labels were worth. chosen: the round that is tested."""
    table = Table(title="rounds", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in ("", "", "validation", "labels", "right", "right of all", "as before", "miscalibrated"):
        table.add_column(column, justify="left" if not column else "right")
    for record in records:
        labels, validation = record["labels"] or {}, record["validation"]
        shares = (
            labels.get(key) for key in ("coverage", "accuracy", "accuracy_of_all", "agreement", "calibration_error")
        )
        kind = record["kind"].replace("fine-tuning of round", "fine-tuned")
        row = [validation["accuracy"] if validation else None, *shares]
        name = f"{record['round']}{'*' if record['round'] == chosen else ''}"
        table.add_row(name, kind, *("" if share is None else f"{share:.1%}" for share in row))
    return table


def per_class(records: list[dict[str, Any]]) -> Table | None:
    """Of each class and round, the share of the unlabeled images that was kept, and how much of it was right."""
    known = [record for record in records if (record["labels"] or {}).get("per_class")]
    if not known or len(known[0]["labels"]["per_class"]) > MOST_CLASSES:
        return None
    table = Table(
        title="pseudo-labels by true class: kept, right", title_justify="left", box=None, padding=(0, 2, 0, 0)
    )
    for column in ("", *(f"round {record['round']}" for record in known)):
        table.add_column(column, justify="right" if column else "left")
    for name in known[0]["labels"]["per_class"]:
        shares = [record["labels"]["per_class"][name] for record in known]
        cells = (", ".join("-" if s[k] is None else f"{s[k]:.0%}" for k in ("coverage", "accuracy")) for s in shares)
        table.add_row(name, *cells)
    return table


def clusters(records: list[dict[str, Any]]) -> Table | None:
    """A line per round that made clusters: how they agree with the true classes, and how large they are."""
    table = Table(title="clusters", title_justify="left", box=None, padding=(0, 2, 0, 0))
    columns = ("", "purity", "NMI", "ARI", "clusters", "empty", "unnamed", "largest", "smallest")
    for column in columns:
        table.add_column(column, justify="right")
    missing = []
    for record in records:
        if not (found := record.get("clusters")):
            continue
        shares = (found[key] for key in ("purity", "normalized_mutual_information", "adjusted_rand_index"))
        counts = *(found[key] for key in ("clusters", "empty", "unnamed")), max(found["sizes"]), min(found["sizes"])
        cells = ("" if share is None else f"{share:.3f}" for share in shares)
        table.add_row(str(record["round"]), *cells, *(f"{count:,}" for count in counts))
        if names := found["missing_classes"]:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            missing.append(f"round {record['round']}: no cluster stands for {', '.join(names[:5])}{more}")
    if missing:
        table.caption, table.caption_justify = "\n".join(missing), "left"
    return table if table.row_count else None


def result(console: Console, folder: Path, figures: dict[str, Any]) -> None:
    """The figures a person looks for first."""
    if not figures:
        return
    if not figures["steps"]:
        _result_of_labels(console, folder, figures["rounds"][0])
        return
    table = _table(str(folder))
    if test := figures["test"]:
        low, high = test["accuracy_interval"]
        interval = f"{test['accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%}, {test['images']:,} images)"
        table.add_row("test accuracy", interval)
        table.add_row("calibration error", f"{test['calibration_error']:.3f}")
    else:
        table.add_row("test accuracy", "no test set")
    if validation := figures["validation"]:
        where = f"{validation['images']:,} images, at step {validation['step']:,} of {figures['steps']:,}"
        table.add_row("validation accuracy", f"{validation['accuracy']:.2%} ({where})")
    if labels := figures["pseudo_labels"]:
        right = "how many are right is not known" if labels["accuracy"] is None else f"{labels['accuracy']:.2%} right"
        used = f"{labels['coverage']:.1%} of the unlabeled images used" + (f", {right}" if labels["coverage"] else "")
        table.add_row("pseudo-labels", used)
    if figures.get("tuned"):
        table.add_row("tuned", ", ".join(f"{k} {v:.3g}" for k, v in figures["tuned"].items()))
    table.add_row("seconds", f"{figures['seconds']:,.0f}")
    console.print(table)
    records, several = figures["rounds"], len(figures["rounds"]) > 1
    of_rounds = [rounds(records, figures["round"]), per_class(records)] if several else []
    for more in filter(None, [*of_rounds, clusters(records)]):
        console.print(more)


def _result_of_labels(console: Console, folder: Path, record: dict[str, Any]) -> None:
    labels, table = record["labels"], _table(str(folder))
    kept = f"{labels['kept']:,} of {labels['images']:,} unlabeled images ({labels['coverage']:.2%})"
    table.add_row("labeled", f"{kept} by {record['kind']}")
    if labels["accuracy"] is not None:
        table.add_row("right", f"{labels['accuracy']:.2%} of those, by weight")
    if labels["accuracy_of_all"] is not None:
        table.add_row("right of all", f"{labels['accuracy_of_all']:.2%}, those that are not kept included")
    console.print(table)
    if record["warning"]:
        warn(console, record["warning"])
    for more in filter(None, [per_class([record]), clusters([record])]):
        console.print(more)


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    return table


def _shape(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"rows of {shape[0]} numbers"
    return f"images of {shape[2]}x{shape[1]} pixels, {'grey' if shape[0] == 1 else 'colour'}"
