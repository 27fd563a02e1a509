"""Tables of the rounds of a run, on a terminal."""

from typing import Any

from rich.table import Table

MOST_CLASSES = 20  # that are listed on a terminal; result.json has all
Record = dict[str, Any]


def rounds_table(records: list[Record], chosen: int) -> Table:
    """A line per round: what was trained, and how good its pseudo-labels are.

    Args:
        records: Of all rounds.
        chosen: The round that is tested.

    Returns:
        The table.
    """
    table = Table(title="rounds", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in ("", "", "validation", "kept", "accuracy", "accuracy of all", "agreement", "calibration error"):
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


def class_table(records: list[Record]) -> Table | None:
    """Of each class and round, the share of the unlabeled images that was kept, and the accuracy of their labels.

    Args:
        records: Of all rounds.

    Returns:
        The table; None if the classes are unknown, or too many for a terminal.
    """
    known = [record for record in records if (record["labels"] or {}).get("per_class")]
    if not known or len(known[0]["labels"]["per_class"]) > MOST_CLASSES:
        return None
    title = "pseudo-labels by true class: kept, accuracy"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in ("", *(f"round {record['round']}" for record in known)):
        table.add_column(column, justify="right" if column else "left")
    for name in known[0]["labels"]["per_class"]:
        shares = [record["labels"]["per_class"][name] for record in known]
        cells = (", ".join("-" if s[k] is None else f"{s[k]:.0%}" for k in ("coverage", "accuracy")) for s in shares)
        table.add_row(name, *cells)
    return table


def clusters_table(records: list[Record]) -> Table | None:
    """A line per round with clusters: how they agree with the true classes, and how large they are.

    Args:
        records: Of all rounds.

    Returns:
        The table; None if no round has clusters.
    """
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
