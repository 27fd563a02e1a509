"""Figures without a screen: their style, and how they are saved or put into a page."""

import io
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, filterwarnings

from semisup.core.atomic_files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1b1f24"  # the color of everything that is not data; in a page it becomes the color of the page's text
# Okabe and Ito's colors, which the color-blind tell apart. Without black, which is lost on a dark page, and without
# yellow, which is lost on a light one.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#808080")
UNKNOWN = "lightgrey"  # of an image whose class is not known
MOST_COLORS = 19  # that a person can tell apart, none of them gray


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure, whose layout keeps its parts from overlapping.

    Args:
        width: In inches.
        height: In inches.

    Returns:
        The figure.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def chart_style() -> AbstractContextManager[None]:
    """The style in which charts for a page are drawn.

    Returns:
        A context in which text and axes have the color `INK`, and a $ in a name is a $.
    """
    from matplotlib import rc_context

    style: Any = dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK)
    return rc_context(style | {"text.parse_math": False})


def class_colors(classes: int) -> Any:
    """Colors of classes, as different as so many can be, none of them gray.

    Args:
        classes: K.

    Returns:
        (K, 4) float64, from 0 to 1.
    """
    import numpy as np
    from matplotlib import colormaps

    if classes > MOST_COLORS:
        return colormaps["gist_rainbow"](np.linspace(0, 1, classes))
    twenty = colormaps["tab20"](np.arange(20))
    dark, light = (np.delete(shades, 7, axis=0) for shades in (twenty[::2], twenty[1::2]))  # without the grays
    return np.concatenate([dark, [(1, 0, 1, 1)], light])[:classes]


def finish(figure: "Figure", all_axes: Sequence["Axes"], note: str | None = None) -> None:
    """Adds a grid, removes spines, and puts one legend of all panels below them.

    Args:
        figure: The figure.
        all_axes: Its panels.
        note: The title of the legend.
    """
    handles: dict[str, Any] = {}
    for axes in all_axes:
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        handles |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    if handles:
        columns = max(1, int(figure.get_size_inches()[0] * 11 / (max(map(len, handles)) + 6)))
        place: dict[str, Any] = {"loc": "outside lower center", "ncols": columns, "frameon": False}
        legend = figure.legend(handles.values(), handles, fontsize="small", title=note, **place)
        legend.get_title().set_fontsize("small")


def save(figure: "Figure", file: Path) -> None:
    """Writes a figure as PNG or SVG: the same bytes for the same figure.

    Args:
        figure: The figure.
        file: Its suffix chooses the format.

    Raises:
        SemisupError: If the file cannot be written.
    """
    from matplotlib import rc_context

    with atomic_write(file) as temporary, rc_context({"svg.hashsalt": file.stem}):  # the ids would be random otherwise
        figure.savefig(temporary, metadata={"Software": None} if file.suffix == ".png" else {"Date": None})


def svg(figure: "Figure", name: str, description: str = "") -> str:
    """A figure for an HTML page, in the color of the page's text; text in the figure can be searched.

    Args:
        figure: The figure.
        name: Comes before all ids of the SVG, so that no other figure of the page has them.
        description: What a screen reader says.

    Returns:
        An <svg>.
    """
    from matplotlib import rc_context

    out = io.StringIO()
    style: Any = {"svg.hashsalt": name, "svg.fonttype": "none", "font.sans-serif": ["DejaVu Sans"]}
    with rc_context(style), catch_warnings():
        filterwarnings("ignore", message="Glyph")  # of a class's name: the reader's browser has a font for it
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    text = re.sub(r"<metadata>.*?</metadata>", "", out.getvalue(), flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r'(\sid="|href="#|url\(#)', rf"\g<1>{name}-", tag[0]), text)
    label = f' role="img" aria-label="{escape(description)}"' if description else ""
    return text[text.index("<svg") :].replace("<svg", f"<svg{label}", 1).replace(INK, "currentColor")
