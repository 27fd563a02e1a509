"""What a person should know before trusting a result, each with what to do about it."""

from collections.abc import Mapping
from typing import Any

FEWEST = 20  # validation images: with fewer, one of them is more than 5 points of accuracy
_MOST_NAMES = 5
_ENOUGH = 10  # pseudo-labels for each class, to judge their classes by
_RARE = 0.1  # of an equal share: a class with less is as good as missing


def result_warnings(result: Mapping[str, Any]) -> list[str]:
    """Warnings about a finished training.

    Args:
        result: As in result.json, with `split`, `validation`, `pseudo_labels`, `use` and `steps`.

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
    use, hits = result.get("use"), validation["accuracy"] if validation else None
    coverage = use["used"] if use else labels.get("coverage")
    if use and (few := _few_classes(use)):
        found.append(few)
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


def _few_classes(use: Mapping[str, Any]) -> str | None:
    """That the pseudo-labels of the last steps are of half the classes or fewer, if so."""
    shares: Mapping[str, float] = use["by_class"]
    if use["images"] * use["used"] < _ENOUGH * len(shares):
        return None
    present = [name for name, share in shares.items() if share >= _RARE / len(shares)]
    if len(present) > len(shares) / 2:
        return None
    more = f" and {len(present) - _MOST_NAMES} more" if len(present) > _MOST_NAMES else ""
    return (
        f"nearly all pseudo-labels of the last steps are of {len(present)} of {len(shares)} classes "
        f"({', '.join(present[:_MOST_NAMES])}{more}): compare with method=supervised, lower optimizer.lr, or write "
        "method.alignment=uniform if the method has it and the classes are about equally frequent."
    )
