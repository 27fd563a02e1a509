"""Pages and figures of finished runs, made from their files alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semisup.data import Store


def write_report(
    run_folder: Path,
    store: "Store | None" = None,
    data_dir: str | Path | None = None,
    umap: bool = False,
    allow: Sequence[str] = (),
) -> Path:
    """Writes report.html and the figures of a finished run: rounds.png, and of each round with labels its clusters.

    Figures that cannot be drawn from the files, as of runs made by an older version, stay as they are.

    Args:
        run_folder: The run's folder, with config.yaml and result.json.
        store: The run's data set, if it is open already.
        data_dir: Where the data set is now; None: where the run had it.
        umap: Whether the page shows UMAP beside PCA, if umap-learn is installed. It takes half a minute.
        allow: Packages whose classes the run may name, such as my_package.

    Returns:
        The page.

    Raises:
        SemisupError: If the run is not finished, a file is damaged, the data set is another one now, or the page
            cannot be written.
    """
    from semisup.core.atomic_files import atomic_write_text  # what follows needs torch, which --help does not
    from semisup.core.errors import SemisupError
    from semisup.reports.run_figures import write_figures
    from semisup.reports.run_page.page import page
    from semisup.runs.run_files import delete_unfinished
    from semisup.runs.trained_run import open_run

    run = open_run(run_folder, data_dir, allow)
    _ = run.trusted_config  # the page asks the method whether it uses unlabeled images
    if "rounds" not in run.result:
        raise SemisupError(f"{run.folder} was made by a version that kept no record of rounds, and can have no page.")
    store = store or run.open_store()
    if store.fingerprint != run.result["split"]["data_fingerprint"]:
        raise SemisupError(f"{run.folder} was made with other data than {store.name} is now; restore the old data.")
    delete_unfinished(run.folder)
    file, failed = run.folder / "report.html", None
    try:
        write_figures(run, store)
    except SemisupError as error:
        failed = error
    atomic_write_text(file, page(run, store, umap))  # last: where there is a page, nothing is missing
    if failed is not None:
        raise failed
    return file
