"""What a person should know before trusting a result, each with what to do about it."""

from collections.abc import Mapping
from typing import Any

FEWEST = 20  # validation images: with fewer, one of them is more than 5 points of accuracy
_MOST_NAMES = 5


def result_warnings(result: Mapping[str, Any]) -> list[str]:
    """Warnings about a finished training.

    Args:
        result: As in result.json, with `split`, `validation`, `pseudo_labels` and `steps`.

    Returns:
        Sentences.
    """
    if not result["steps"]:
        return []
    validation, labels, found = result["validation"], result["pseudo_labels"] or {}, []
    if validation and validation["images"] < FEWEST:
        count = validation["images"]
        found.append(
            f"only {count} validation images chose the checkpoint, so that one image is {100 / count:.0f} points of "
            f"accuracy: raise data.validation to {FEWEST} or more, or write data.validation=0 for the last checkpoint."
        )
    single = [name for name, count in result["split"]["labeled_per_class"].items() if count == 1]
    if single and len(single) < len(result["split"]["labeled_per_class"]):
        more = f" and {len(single) - _MOST_NAMES} more" if len(single) > _MOST_NAMES else ""
        found.append(
            f"one labeled image stands for class {', '.join(single[:_MOST_NAMES])}{more}, while others have more: "
            "label more of these."
        )
    coverage, hits = labels.get("coverage"), validation["accuracy"] if validation else None
    if coverage == 0:
        found.append(
            "no pseudo-label was used in the last steps, so that the unlabeled images taught nothing: lower the "
            "threshold of the method or the labeler, or train for longer."
        )
    if coverage is not None and coverage > 0.99 and hits is not None and hits < 0.5:
        found.append(
            f"nearly all unlabeled images are used ({coverage:.0%}), and by validation only {hits:.0%} of the "
            "predictions are correct: raise the threshold of the method or the labeler, or label more images."
        )
    return found
