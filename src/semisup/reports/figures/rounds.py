"""The figure of a run's rounds."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from semisup.reports.figures.figure import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CURVES = {  # the metrics of a round's pseudo-labels that are drawn
    "accuracy": "kept pseudo-labels: accuracy",
    "coverage": "kept pseudo-labels: share of the unlabeled images",
    "accuracy_of_all": "all predictions on unlabeled images: accuracy",
    "calibration_error": "confidence: calibration error",
    "agreement": "all predictions: agreement with the round before",
}


def rounds_figure(records: Sequence[Mapping[str, Any]], tested: int) -> "Figure":
    """Validation accuracy and the quality of the pseudo-labels, round by round.

    Args:
        records: Of all rounds, as in result.json.
        tested: The round that is tested, which a line marks.

    Returns:
        The figure.
    """
    figure = new_figure(7, 4.2)
    axes = figure.subplots()
    validation = [r["validation"] and r["validation"]["accuracy"] for r in records]
    axes.plot(*_known(validation), marker="o", linewidth=2, color="black", label="validation accuracy")
    for key, name in _CURVES.items():
        axes.plot(*_known([(r["labels"] or {}).get(key) for r in records]), marker=".", label=name)
    axes.axvline(tested, color="grey", linewidth=1, linestyle=":", label="tested round")
    axes.set_xticks(range(len(records)), [f"{r['round']}\n{r['kind'].split(' of ')[0]}" for r in records])
    axes.set(xlabel="round", ylim=(0, 1.03))
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="best")
    return figure


def _known(values: Sequence[float | None]) -> tuple[list[int], list[float]]:
    pairs = [(number, value) for number, value in enumerate(values) if value is not None]
    return [number for number, _ in pairs], [value for _, value in pairs]
