"""Figures without a screen, saved whole."""

from pathlib import Path
from typing import TYPE_CHECKING

from semisup.core.atomic_files import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure, in inches, whose layout keeps its parts from overlapping."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: "Figure", file: Path) -> None:
    """Writes a PNG or SVG, the same bytes for the same figure; all of it or nothing."""
    from matplotlib import rc_context

    with atomic_write(file) as draft, rc_context({"svg.hashsalt": file.stem}):  # of the ids in an SVG, else random
        figure.savefig(draft, metadata={"Software": None} if file.suffix == ".png" else {"Date": None})
