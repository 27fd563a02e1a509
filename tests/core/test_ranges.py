"""Ranges and choices in signatures, as a call from Python meets them."""

from typing import Literal

import numpy as np
import pytest

from semisup.core.errors import SemisupError
from semisup.core.ranges import Fraction, NonNegativeInt, Probability, Range, Seed, accepts, enforce_ranges


@enforce_ranges
def call(
    p: Probability = 0.5,
    count: NonNegativeInt | Literal["all"] = 1,
    share: NonNegativeInt | Fraction = 0.5,
    seed: Seed = 0,
    how: Literal["linear", "cosine"] = "linear",
) -> str:
    return "called"


@pytest.mark.parametrize(
    "arguments",
    [
        {"p": 0},
        {"p": 1},
        {"p": np.float32(0.25)},
        {"count": np.int64(3)},
        {"count": "all"},
        {"share": 7},
        {"share": 0.999},
        {"seed": 2**63 - 1},
        {"how": "cosine"},
    ],
)
def test_what_is_in_range_is_called(arguments):
    assert call(**arguments) == "called"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"p": 95}, r"^call: p=95 is not valid: it is a number from 0 to 1\.$"),
        ({"p": float("nan")}, "p=nan is not valid"),
        ({"p": float("inf")}, "p=inf is not valid"),
        ({"p": True}, "p=True is not valid"),
        ({"p": "high"}, "p=high is not valid"),
        ({"p": [0.5]}, r"p=\[0\.5\] is not valid"),
        ({"count": -1}, "count=-1 is not valid: it is a whole number of at least 0 or all"),
        ({"count": "some"}, "count=some is not valid"),
        ({"count": 1e20}, "count=1e.20 is not valid"),
        ({"share": 1.5}, "share=1.5 is not valid"),
        ({"seed": 2**63}, "seed=9223372036854775808 is not valid"),
        ({"how": "liner"}, "how=liner is not valid: it is linear or cosine"),
    ],
)
def test_what_is_out_of_range_is_one_sentence(arguments, sentence):
    with pytest.raises(SemisupError, match=sentence):
        call(**arguments)


def test_an_open_end_is_left_out():
    assert accepts(Fraction, 0)
    assert not accepts(Fraction, 1)
    assert 0 not in Range(0, above=True)
    assert str(Range(0, 1, above=True)) == "above 0 and at most 1"
