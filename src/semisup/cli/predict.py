"""The command: `python scripts/predict.py run=... images=... out=...`. Nothing heavy is imported for its help."""

from pathlib import Path

from semisup.cli.options import command
from semisup.core.errors import SemisupError


def main() -> int:
    """What scripts/predict.py and semisup-predict run; returns the exit status."""
    return command(predict)


def predict(
    run: str,
    images: str,
    out: str,
    probabilities: bool = False,
    relative_to: str | None = None,
    sort_into: str | None = None,
    confidence: float | None = None,
    link: bool = False,
    review: str | None = None,
    limit: int | None = None,
    device: str = "auto",
    batch_size: int = 256,
    workers: int | None = None,
    data_dir: str | None = None,
    overwrite: bool = False,
) -> None:
    """Labels images, or the rows of a table, with a finished run.

        python scripts/predict.py run=runs/cifar10-... images=photos/unlabeled out=labels.csv

    run=FOLDER         of a finished run
    images=PATH        a folder (at any depth), one picture, a .txt that lists paths, or a table (CSV, Parquet)
    out=FILE           .csv, .jsonl or .parquet: path, label, confidence
    probabilities=true the probability of each class, too
    relative_to=DIR    a folder above the images that their paths begin in (default: `images`)

    sort_into=DIR      copy the pictures into class folders, and those below `confidence` into unsure/
    confidence=.9      from where a label is taken for sure, for sort_into
    link=true          link instead of copying
    review=FILE.html   a page with the least certain pictures, to correct their labels
    limit=200          how many of them

    device=auto        cpu, cuda, cuda:1, mps
    batch_size=256     images at a time
    workers=N          threads that read images; as many as there are processors
    data_dir=DIR       where the data set lies of a run that is older than this command
    overwrite=true     replace `out`

    The same command, without overwrite, goes on after an interruption. What cannot be read is listed in
    FILE.unreadable.txt.
    """
    for name, value, least in (("batch_size", batch_size, 1), ("workers", workers, 1), ("limit", limit, 1)):
        if value is not None and value < least:
            raise SemisupError(f"{name} is at least {least}; got {value}.")
    if confidence is not None and not 0 <= confidence <= 1:
        raise SemisupError(f"confidence is from 0 to 1; got {confidence}.")
    if sort_into is None and (link or confidence is not None):
        raise SemisupError(f"{'link' if link else 'confidence'} is for sort_into, which is not given.")
    if review is None and limit is not None:
        raise SemisupError("limit is for review, which is not given.")
    if review is not None and not review.endswith(".html"):
        raise SemisupError(f"review={review} is a page, and is overwritten: give it a name that ends in .html.")

    from rich.console import Console

    from semisup.predicting.inputs import open_inputs
    from semisup.predicting.job import claim, label_all
    from semisup.predicting.outputs import Output
    from semisup.predicting.review import write_page
    from semisup.predicting.sorting import check_folder, claim_folder, sort
    from semisup.runs.trained_run import open_run

    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    finished = open_run(run, data_dir)
    output = Output(Path(out).expanduser(), finished.classes if probabilities else ())
    inputs = open_inputs(images, finished, besides=output.siblings, relative_to=relative_to)
    place = inputs.place
    if place is None and (sort_into or review):
        raise SemisupError("sort_into and review are for pictures, and this run is of a table.")
    name, threshold = finished.folder.resolve().name, 0.9 if confidence is None else confidence
    if place is not None and sort_into:
        into = Path(sort_into).expanduser()
        check_folder(into, inputs.where, finished.classes)
    claim(output, finished, inputs, overwrite)
    if place is not None and sort_into:
        claim_folder(into, name, finished.digest(), threshold, link)
    count = label_all(finished, inputs, output, device=device, batch_size=batch_size, workers=workers, console=console)
    if not count.total:
        raise SemisupError(f"none of {images} can be read; {output.unreadable} says why.")
    console.print(f"{out}: {count.total:,} labels, {count.labeled:,} of them new.")
    if count.unreadable:
        console.print(f"{output.unreadable}: {count.unreadable:,} could not be read.")
    if finished.temperature is None:
        console.print("Confidence is not calibrated: the run has no temperature, which takes validation images.")
    if place is not None and sort_into:
        sure, unsure, gone = sort(into, output.rows(), place, finished.classes, threshold, link)
        lost = f" {gone:,} of the labeled pictures are no longer there." if gone else ""
        console.print(f"{sort_into}: {sure:,} in class folders, {unsure:,} below {threshold} in unsure.{lost}")
    if place is not None and review:
        page = Path(review).expanduser()
        shown = write_page(page, output.rows(), place, finished.classes, limit or 200, name, output.file.stem)
        console.print(f"{review}: the {shown:,} least certain; open it in a browser.")
