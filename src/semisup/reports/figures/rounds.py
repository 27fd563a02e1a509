"""A picture of a run's rounds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from semisup.reports.figures.figure import new_figure, save

CURVES = {  # what of a round's pseudo-labels is drawn, and how it is called
    "accuracy": "pseudo-labels kept: share right",
    "coverage": "pseudo-labels kept: share of the unlabeled images",
    "accuracy_of_all": "all predictions on unlabeled images: share right",
    "calibration_error": "confidence: calibration error",
    "agreement": "all predictions: same class as the round before",
}


def draw(records: Sequence[dict[str, Any]], chosen: int, file: Path) -> None:
    """Draws validation accuracy and the quality of the pseudo-labels, round by round, as a PNG or SVG.

    records: of all rounds, as in result.json. chosen: the round that is tested, marked by a line.
    """
    figure = new_figure(7, 4.2)
    axes = figure.subplots()
    validation = [r["validation"] and r["validation"]["accuracy"] for r in records]
    axes.plot(*_known(validation), marker="o", linewidth=2, color="black", label="validation accuracy")
    for key, name in CURVES.items():
        axes.plot(*_known([(r["labels"] or {}).get(key) for r in records]), marker=".", label=name)
    axes.axvline(chosen, color="grey", linewidth=1, linestyle=":", label="tested round")
    axes.set_xticks(range(len(records)), [f"{r['round']}\n{r['kind'].split(' of ')[0]}" for r in records])
    axes.set(xlabel="round", ylim=(0, 1.03))
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="best")
    save(figure, file)


def _known(values: Sequence[float | None]) -> tuple[list[int], list[float]]:
    pairs = [(number, value) for number, value in enumerate(values) if value is not None]
    return [number for number, _ in pairs], [value for _, value in pairs]
