"""Pages and figures of finished runs, made from their files alone."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semisup.data import Store


def write_report(
    run_folder: Path, store: "Store | None" = None, data_dir: str | Path | None = None, umap: bool = False
) -> Path:
    """Writes report.html and the figures of a finished run: rounds.png, and of each round with labels its clusters.

    Figures that cannot be drawn from the files, as of runs made by an older version, stay as they are.

    Args:
        run_folder: The run's folder, with config.yaml and result.json.
        store: The run's data set, if it is open already.
        data_dir: Where the data set is now; None: where the run had it.
        umap: Whether the page shows UMAP beside PCA, if umap-learn is installed. It takes half a minute.

    Returns:
        The page.

    Raises:
        SemisupError: If the run is not finished, a file is damaged, the data set is another one now, or the page
            cannot be written.
    """
    from semisup.reports.run_figures import write_figures  # matplotlib and scikit-learn, which --help does not need
    from semisup.reports.run_page import write

    folder = Path(run_folder).expanduser()
    page = write(folder, store, data_dir=None if data_dir is None else str(data_dir), umap=umap)
    write_figures(folder, store, data_dir)
    return page
