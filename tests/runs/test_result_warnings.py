"""What is said before a result is trusted, and what is not said without a reason."""

from typing import Any

import pytest

from semisup.runs.result_warnings import result_warnings


def result(**changes: Any) -> dict[str, Any]:
    plain = {
        "steps": 10,
        "split": {"labeled_per_class": {"cat": 4, "dog": 4}},
        "validation": {"images": 20, "accuracy": 0.8},
        "pseudo_labels": {"coverage": 0.6, "accuracy": 0.9},
    }
    return {**plain, **changes}


def use(used: float, *shares: float) -> dict[str, Any]:
    return {"images": 100, "used": used, "by_class": dict(zip(("cat", "dog"), shares, strict=True))}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"validation": {"images": 8, "accuracy": 0.5}}, r"only 8 validation images .* one image is 12 points .*raise"),
        (
            {"split": {"labeled_per_class": {"cat": 1, "dog": 4}}},
            r"one labeled image stands for class cat, .*label more",
        ),
        ({"pseudo_labels": {"coverage": 0.0, "accuracy": None}}, r"no pseudo-label was used .*lower the threshold"),
        (
            {"pseudo_labels": {"coverage": 1.0}, "validation": {"images": 50, "accuracy": 0.4}},
            r"nearly all unlabeled images are used \(100%\), and by validation only 40% .*raise the threshold",
        ),
        ({"pseudo_labels": None, "use": use(0.0, 0.0, 0.0)}, r"no pseudo-label was used .*lower the threshold"),
        ({"use": use(0.5, 0.97, 0.03)}, r"are of 1 of 2 classes \(cat\): compare with method=supervised"),
    ],
)
def test_a_reason_for_doubt_is_one_sentence_with_what_to_do(changes, sentence):
    import re

    (found,) = result_warnings(result(**changes))
    assert re.search(sentence, found)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"validation": None},
        {"pseudo_labels": None},
        {"steps": 0},
        {"split": {"labeled_per_class": {"cat": 1, "dog": 1}}},  # as the user asked for
        {"pseudo_labels": {"coverage": 1.0}},  # and 80 % are right
        {"use": use(0.5, 0.94, 0.06)},  # a class with more than a tenth of an equal share, 5 %
        {"use": use(0.19, 1.0, 0.0)},  # 19 pseudo-labels are too few to tell
    ],
)
def test_an_ordinary_result_has_no_warnings(changes):
    assert result_warnings(result(**changes)) == []


def test_warnings_are_in_the_terminal_and_in_the_result(run, config, tmp_path):
    from io import StringIO

    from rich.console import Console

    from semisup.runs.run import run as train

    out = Console(file=StringIO(), width=400)
    found = train(config("method=pseudo_label", "data.validation=10", "method.threshold=1"), out)["warnings"]
    assert len(found) == 2
    for sentence in found:
        assert sentence[:40] in out.file.getvalue()
