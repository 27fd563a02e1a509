"""`semisup predict`: labels for images, or for the rows of a table."""

import sys
from collections.abc import Sequence
from pathlib import Path

from semisup.cli.arguments import command
from semisup.core.errors import SemisupError
from semisup.core.ranges import PositiveInt, Probability, UserPath, enforce_ranges


def main(arguments: Sequence[str] | None = None) -> int:
    """Predicts what the command line asks for.

    Args:
        arguments: The words after the command's name; None = those after the program's.

    Returns:
        The exit status.
    """
    return command(predict, arguments)


@enforce_ranges
def predict(
    run: UserPath,
    images: UserPath,
    out: UserPath,
    probabilities: bool = False,
    unknown: Probability | None = None,
    relative_to: UserPath | None = None,
    sort_into: UserPath | None = None,
    confidence: Probability | None = None,
    link: bool = False,
    review: UserPath | None = None,
    limit: PositiveInt | None = None,
    device: str = "auto",
    batch_size: PositiveInt = 256,
    workers: PositiveInt | None = None,
    data_dir: UserPath | None = None,
    allow: Sequence[str] = (),
    overwrite: bool = False,
) -> None:
    """Label images, or the rows of a table, with a finished run.

      semisup predict run=runs/cifar10-... images=photos/unlabeled out=labels.csv

    The same command, without overwrite, continues after an interruption. Files that cannot be read are listed in
    OUT.unreadable.txt.

    Args:
        run: The folder of a finished run.
        images: A folder (at any depth), one image, a .txt file that lists paths, or a table (CSV, Parquet).
        out: A .csv, .jsonl or .parquet file: path, label, confidence.
        probabilities: Whether the probability of each class is written, too.
        unknown: Above which score an image is called unknown, from 0 to 1. If not given, it is 0.5 for methods with a
            detector of unknown classes, such as iomatch and ssb; with others, no image is. 1: no image is.
        relative_to: A folder above the images that their paths begin in; `images` if not given.
        sort_into: A folder: images are copied into its class folders, and those below `confidence` into unsure/.
        confidence: The least confidence for a class folder of `sort_into`; 0.9 if not given.
        link: Whether `sort_into` links instead of copying.
        review: An .html page with the least confident images, to correct their labels.
        limit: How many images `review` shows; 200 if not given.
        device: cpu, cuda, cuda:1 or mps; auto takes an accelerator if there is one.
        batch_size: Images at a time.
        workers: Threads that read images; as many as there are processors if not given.
        data_dir: Where the data set is, for a run that does not hold what it needs of it.
        allow: A package of your own whose classes the run names; a folder from elsewhere may call nothing else.
        overwrite: Whether `out` is replaced.

    Raises:
        SemisupError: If options do not go together, or something cannot be read.
    """
    if sort_into is None and (link or confidence is not None):
        raise SemisupError(f"{'link' if link else 'confidence'} is for sort_into, which is not given.")
    if review is None and limit is not None:
        raise SemisupError("limit is for review, which is not given.")
    if review is not None and not review.endswith(".html"):
        raise SemisupError(f"review={review} is a page, and is overwritten: give it a name that ends in .html.")

    from rich.console import Console

    from semisup.predicting.predict import claim_output, predict_samples, unknown_threshold
    from semisup.predicting.prediction_file import UNKNOWN, PredictionFile
    from semisup.predicting.review import write_review_page
    from semisup.predicting.samples import open_samples
    from semisup.predicting.sorting import check_folder, claim_folder, sort_images
    from semisup.runs.trained_run import open_run

    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    trained = open_run(run, data_dir, allow)
    output = PredictionFile(Path(out), trained.classes if probabilities else ())
    source = open_samples(images, trained, exclude=output.files, relative_to=relative_to)
    base, name, threshold = source.base, trained.folder.resolve().name, 0.9 if confidence is None else confidence
    if base is None and (sort_into or review):
        raise SemisupError("sort_into and review are for images, and this run is of a table.")
    above = unknown_threshold(trained, unknown)
    answers = [*trained.classes, *([] if above is None else [UNKNOWN])]
    if sort_into:
        check_folder(Path(sort_into), source.path, answers)
    claim_output(output, trained, source, overwrite, above)
    if sort_into:
        claim_folder(Path(sort_into), name, trained.digest(), threshold, link)
    count = predict_samples(
        trained, source, output, device=device, batch_size=batch_size, workers=workers, console=console, unknown=above
    )
    if not count.total:
        raise SemisupError(f"none of {images} can be read; {output.unreadable} says why.")
    console.print(f"{out}: {count.total:,} labels, {count.new:,} of them new.", soft_wrap=True)
    if count.unreadable:
        console.print(f"{output.unreadable}: {count.unreadable:,} could not be read.", soft_wrap=True)
    if trained.temperature is None:
        console.print("Confidence is not calibrated: the run has no temperature, which takes validation images.")
    if base is not None and sort_into:
        done = sort_images(Path(sort_into), output.read(), base, answers, threshold, link)
        lost = f" {done.missing:,} of the labeled images are no longer there." if done.missing else ""
        console.print(
            f"{sort_into}: {done.confident:,} in class folders, {done.unsure:,} below {threshold} in unsure.{lost}",
            soft_wrap=True,
        )
    if base is not None and review:
        shown = write_review_page(
            Path(review), output.read(), base, trained.classes, limit or 200, name, output.file.stem
        )
        console.print(f"{review}: the {shown:,} least confident; open it in a browser.", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
