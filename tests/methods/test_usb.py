"""Each method gives the numbers of USB's code on the same tensors, after 1, 30 and 60 steps of training.

`scripts/benchmarks/usb/agree.py --out` made usb_numbers.json from semilearn 0.3.2, which is not installed for tests.
What is set to be alike on both sides, method by method, is in agree_cases.py beside it.
"""

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

USB = Path(__file__).parents[2] / "scripts" / "benchmarks" / "usb"
NUMBERS = json.loads((Path(__file__).parent / "usb_numbers.json").read_text())

# Lightning misses validation data; the rest is of other packages.
pytestmark = pytest.mark.filterwarnings("ignore:You defined a `validation_step`")


@pytest.fixture
def ours(monkeypatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(USB))
    import agree_ours

    return agree_ours


@pytest.mark.parametrize("name", NUMBERS)
def test_a_method_gives_usbs_numbers(ours, name):
    with ours.double_precision():
        found = ours.numbers(ours.train_ours(name))
    shared = found.keys() & NUMBERS[name].keys()
    assert {"loss", "gradient", "weights"} <= shared
    assert found.keys() - NUMBERS[name].keys() <= {"kept"}  # USB does not say it for each method
    for what in shared:
        assert found[what] == pytest.approx(NUMBERS[name][what], rel=1e-7, abs=1e-9), what


def test_each_method_of_the_script_has_numbers(ours):
    assert list(ours.CASES) == list(NUMBERS)


def test_a_slightly_different_method_does_not_give_them(ours, monkeypatch):
    """FixMatch with a threshold of .94 in place of .95."""
    case = ours.CASES["fixmatch"]
    monkeypatch.setitem(ours.CASES, "fixmatch", replace(case, options={"threshold": 0.94}))
    with ours.double_precision():
        found = ours.numbers(ours.train_ours("fixmatch"))
    assert found["weights"][2] != pytest.approx(NUMBERS["fixmatch"]["weights"][2], rel=1e-3)
