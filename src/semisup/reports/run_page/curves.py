"""The curves of a run's page, from the metrics.csv and the records of its rounds."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from semisup.reports.run_page.charts import Chart, Series, chart

Metrics = Mapping[str, tuple[list[int], list[float]]]
Records = Sequence[Mapping[str, Any]]
USED = {  # of the labels of a step
    "pseudo_labels/accuracy": "right, of the used",
    "pseudo_labels/coverage": "used",
}
MOST_RULES = 6  # of rounds; with more, their words overlap
LEFT = {  # of the labels of a round
    "accuracy": "right, of the kept",
    "coverage": "kept",
    "accuracy_of_all": "right, kept or not",
    "agreement": "as the round before",
}


def read(folder: Path, records: Records) -> Metrics:
    """Each metric of a run by its name: (steps, values), where the steps of a round go on from those before."""
    found: dict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    for record, done in zip(records, _starts(records), strict=True):
        file = folder / f"round{record['round']}" / "metrics.csv"
        if not file.exists():  # a round that trained nothing
            continue
        with file.open(newline="") as lines:
            for row in csv.DictReader(lines):
                step = done + int(row.pop("step"))
                for name, value in row.items():
                    if value:
                        found[name][0].append(step)
                        found[name][1].append(float(value))
    return dict(found)


def training(metrics: Metrics, result: Mapping[str, Any]) -> list[Chart]:
    """Loss and validation accuracy over the steps of all rounds."""
    records = result["rounds"]
    losses = {"train/loss": "loss", "train/supervised": "of labeled images"}
    if metrics.get("train/supervised") == metrics.get("train/loss"):
        del losses["train/supervised"]
    tested = []
    if result["validation"]:
        tested = [(_starts(records)[result["round"]] + result["validation"]["step"], "tested")]
    loss = chart("Training loss", _series(metrics, losses), "step", number, rules=_rules(records))
    accuracy = _series(metrics, {"validation/accuracy": "accuracy"})
    validation = chart("Validation accuracy", accuracy, "step", share, shares=True, rules=[*_rules(records), *tested])
    return [drawn for drawn in (loss, validation) if drawn]


def quality(metrics: Metrics, records: Records) -> list[Chart]:
    """What the pseudo-labels were worth: over the steps where they change with them, and over the rounds."""
    steps = chart(
        "Pseudo-labels in training", _series(metrics, USED), "step", share, shares=True, rules=_rules(records)
    )
    left = [(record["round"], record["labels"]) for record in records if record["labels"]]
    series = []
    for key, name in LEFT.items():
        known = [(float(round_), labels[key]) for round_, labels in left if labels.get(key) is not None]
        series.append(Series(name, [x for x, _ in known], [y for _, y in known]))
    title = "Pseudo-labels that each round left"
    rounds = chart(title, series, "round", share, shares=True, dots=True) if len(left) > 1 else None
    return [drawn for drawn in (steps, rounds) if drawn]


def share(value: float) -> str:
    return f"{100 * value:.0f} %" if value in (0, 0.25, 0.5, 0.75, 1) else f"{100 * value:.1f} %"


def number(value: float) -> str:
    return f"{value:.4g}"


def _series(metrics: Metrics, names: Mapping[str, str]) -> list[Series]:
    return [Series(name, *metrics[key]) for key, name in names.items() if key in metrics]


def _starts(records: Records) -> list[int]:
    """The steps done before each round."""
    starts = [0]
    for record in records:
        starts.append(starts[-1] + record["steps"])
    return starts[:-1]


def _rules(records: Records) -> list[tuple[int, str]]:
    """Where each round that trains begins, but the first."""
    begun = [
        (start, f"round {r['round']}")
        for start, r in zip(_starts(records), records, strict=True)
        if start and r["steps"]
    ]
    return begun if len(begun) <= MOST_RULES else []
