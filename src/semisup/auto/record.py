"""auto.json: what a job found, and how that is told."""

import json
from pathlib import Path
from typing import Any

from semisup.core.errors import SemisupError

AUTO = "auto.json"
COLUMNS = ("", "accuracy", "95 % interval", "to labels alone", "95 % interval", "seconds")
Record = dict[str, Any]


def read_record(folder: Path) -> Record | None:
    """Reads what a job found.

    Args:
        folder: The run's.

    Returns:
        What auto.json holds; None if the run is none of `semisup auto`.

    Raises:
        SemisupError: If the file is damaged, or of another version.
    """
    file = folder / AUTO
    if not file.exists():
        return None
    try:
        record: Record = json.loads(file.read_text(encoding="utf-8"))
        title(record), table_rows(record), sentences(record)
        return record
    except KeyError as error:
        raise SemisupError(
            f"{file} has no {error}, as another version of Semisup wrote it: delete it, and the same command writes it "
            "again, from the trainings that are kept."
        ) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise SemisupError(f"{file} is damaged ({error}): delete it, and the same command writes it again.") from error


def title(record: Record) -> str:
    """What was cross-validated.

    Args:
        record: What auto.json holds.

    Returns:
        A line above the table of the candidates.
    """
    if not record["held_out"]:
        return "Nothing was compared: no class has two labels. Label a second image of a class."
    return f"Cross-validation: {record['repeats']} x {record['folds']} folds, {record['held_out']:,} labeled images"


def table_rows(record: Record) -> list[tuple[str, ...]]:
    """A line for each candidate.

    Args:
        record: What auto.json holds.

    Returns:
        Cells of COLUMNS: accuracy in cross-validation, the difference to the labels alone in points, and the seconds of
        a training.
    """
    rows = []
    for number, row in enumerate(record["candidates"]):
        low, high = row["interval"]
        cells = [row["name"], f"{row['accuracy']:.1%}", f"{low:.1%} to {high:.1%}", "", ""]
        if number:
            low, high = row["difference_interval"]
            cells[3:] = [f"{100 * row['difference']:+.1f}", f"{100 * low:+.1f} to {100 * high:+.1f}"]
        rows.append((*cells, f"{row['seconds']:.1f}"))
    return rows


def sentences(record: dict[str, Any]) -> list[str]:
    """What can be expected of the choice, in words.

    Args:
        record: What auto.json holds.

    Returns:
        A sentence each.
    """
    if not record["candidates"]:
        return [f"Taken without a comparison: {record['chosen']}. Its confidence is not calibrated."]
    said = [f"Chosen: {record['chosen']}, the simplest within one standard error of the best."]
    if averaged := record.get("averaged"):
        said = [f"Chosen: the mean of {', '.join(averaged)}."]
    if len(record["candidates"]) == 1:
        said = [f"Trained: {record['chosen']}."]
    if unlabeled := _about_unlabeled(record):
        said.append(unlabeled)
    baseline, *others = record["candidates"]
    if left := [row["name"] for row in others if row["trainings"] < baseline["trainings"]]:
        said.append(f"Not trained in each repeat, as out of reach: {', '.join(left)}.")
    for one in record["thresholds"]:
        if one["confidence"] is None:
            said.append(f"No threshold of confidence reaches an accuracy of {one['goal']:.0%} on the held-out images.")
        else:
            said.append(
                f"From a confidence of {one['confidence']:.2f}, {one['goal']:.0%} of the held-out predictions are "
                f"correct; {one['share']:.0%} of them are that confident."
            )
    if (doubled := record["twice_as_many_labels"]) is not None:
        said.append(
            f"Twice as many labels ({2 * record['labels']:,}) would bring "
            f"{record.get('learning_curve_of', record['chosen'])} to about {doubled:.0%}, if the error goes on to fall "
            "as it did up to now."
        )
    return said


def _about_unlabeled(record: Record) -> str | None:
    """That the unlabeled images bring nothing that these labels can show, if that is so."""
    rows = {row["name"]: row for row in record["candidates"]}
    alone = record.get("labels_alone", list(rows)[:1])  # which older records do not have
    if len(rows) == 1:
        return None
    if record["chosen"] not in alone:
        row = rows[record["chosen"]]
        points, (low, _) = 100 * row["difference"], row["difference_interval"]
        return f"The {points:+.1f} points that the unlabeled images bring are within chance." if low <= 0 else None
    others = [row for name, row in rows.items() if name not in alone]
    if not others:
        return "None of the candidates learns from the unlabeled images: what these would bring is not known."
    best = max(others, key=lambda row: row["accuracy"])
    points = 100 * (best["accuracy"] - rows[record["chosen"]]["accuracy"])
    return (
        f"It learns from the labels alone: the unlabeled images bring nothing that these labels can show, at most "
        f"{points:+.1f} points, by {best['name']}."
    )
