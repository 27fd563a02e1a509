"""The two processes that take turns, and the arithmetic. USB itself is not installed for tests."""

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

USB = Path(__file__).parents[2] / "scripts" / "benchmarks" / "usb"

# Of semilearn 0.3.2: its algorithms, and those for a long tail that Semisup does not have.
ALGORITHMS = {
    *("adamatch", "comatch", "crmatch", "dash", "defixmatch", "fixmatch", "flexmatch", "freematch", "fullysupervised"),
    *("meanteacher", "mixmatch", "pimodel", "pseudolabel", "remixmatch", "simmatch", "softmatch", "uda", "vat"),
}
OTHERS_FOR_A_LONG_TAIL = {"adsh", "cossl", "crest", "darp", "daso", "debiaspl", "saw", "tras"}

LOOP = """
import json, sys
from turns import Turns
case = json.loads(sys.argv[1])
turns = Turns(case["orders"], case["answers"], case["warm_up"], case["steps"])
while turns():
    pass
"""


@pytest.fixture
def turns(monkeypatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(USB))
    import turns

    return turns


def test_turns_time_neither_warm_up_nor_lead_nor_waiting(turns, monkeypatch):
    """Begun at 0 s. Two steps of warm-up, of 8 and 7 s, are not reported. On "go", at 20 s: a lead of 5 s, then .5 and
    .25 s. On "go", at 40 s: a lead of 1 s, then 2 and 3 s. "end" ends it.
    """
    readings = [0, 8, 8, 15, 20, 25, 25, 25.5, 25.5, 25.75, 40, 41, 41, 43, 43, 46]
    monkeypatch.setattr(turns, "perf_counter", iter(readings).__next__)
    orders, to = os.pipe()
    back, answers = os.pipe()
    os.write(to, b"go\ngo\nend\n")
    step = turns.Turns(orders, answers, warm_up=2, steps=2)
    assert [step() for _ in range(8)] == [True] * 7 + [False]
    assert [json.loads(line) for line in os.read(back, 1000).splitlines()] == [[], [0.5, 0.25], [2, 3]]
    os.close(to)
    os.close(back)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the harness reads /proc")
def test_side_continues_at_each_turn_and_ends(turns, tmp_path):
    command = [sys.executable, "-c", LOOP]
    side = turns.Side(command, {"warm_up": 1, "steps": 3}, {**os.environ, "PYTHONPATH": str(USB)}, tmp_path / "log")
    assert side.hear() == []
    for _ in range(2):
        seconds, others = side.turn()
        assert len(seconds) == 3
        assert others >= 0
    side.end()
    assert side.process.returncode == 0


def test_side_that_dies_shows_its_output(turns, tmp_path):
    side = turns.Side([sys.executable, "-c", "print('no data here')"], {}, dict(os.environ), tmp_path / "usb_step.log")
    with pytest.raises(SystemExit, match=r"usb_step died.*\nno data here"):
        side.hear()
    side.end()


def test_figures_by_hand(turns):
    """Mean steps of ours .2, .1, .1 s, of USB .4, .3, .1 s: medians .1 and .3 s. By round 2, 3 and 1 times: median 2,
    where the medians' ratio would be 3.
    """
    from compare import figures

    found = figures({"ours": [[0.1, 0.3], [0.1, 0.1], [0.1, 0.1]], "usb": [[0.4, 0.4], [0.2, 0.4], [0.1, 0.1]]})
    assert found["seconds"] == pytest.approx({"ours": 0.1, "usb": 0.3})
    assert found["ratio"] == pytest.approx({"median": 2, "low": 1, "high": 3})


@pytest.fixture
def agree(monkeypatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(USB))
    import agree

    return agree


def test_agree_compares_every_method_that_usb_has(agree):
    cases = agree.CASES.values()
    assert {case.usb for case in cases} == ALGORITHMS
    assert {case.usb_options.get("imb_algorithm") for case in cases} - {None} == {"abc"}


@pytest.mark.skipif(importlib.util.find_spec("semilearn") is None, reason="semilearn is not installed")
def test_the_list_of_usbs_methods_is_that_of_semilearn():
    spec = importlib.util.find_spec("semilearn")
    assert spec is not None
    assert spec.submodule_search_locations
    (folder,) = map(Path, spec.submodule_search_locations)
    found = {file.parent.name for file in folder.glob("algorithms/*/__init__.py")}
    assert found - {"hooks", "utils"} == ALGORITHMS
    assert {file.parent.name for file in folder.glob("imb_algorithms/*/__init__.py")} == {
        "abc",
        *OTHERS_FOR_A_LONG_TAIL,
    }


def test_agree_has_help_without_semilearn(agree, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["agree.py", "--help"])
    with pytest.raises(SystemExit, match="0"):
        agree.arguments()
    assert "usb/bin/python scripts/benchmarks/usb/agree.py --out" in capsys.readouterr().out


def test_differences_by_hand(agree):
    """Losses 1 and 2 against 1 and 2.5; gradients (1, 2) against (1, 1.75); equal weights; states off by .125; shares
    of .5 against .25: the state differs by .25, its largest.
    """
    one, other = agree.Trace(), agree.Trace()
    one.loss, other.loss = [1.0, 2.0], [1.0, 2.5]
    one.gradient, other.gradient = [torch.tensor([1.0, 2.0])] * 2, [torch.tensor([1.0, 1.75])] * 2
    one.weights = other.weights = [torch.tensor([3.0])] * 2
    one.states, other.states = [{"mean": torch.tensor(0.5)}] * 2, [{"mean": torch.tensor(0.625)}] * 2
    one.kept, other.kept = [0.5, 0.5], [0.5, 0.25]
    assert agree.differences(one, other) == {"loss": 0.5, "gradient": 0.25, "weights": 0.0, "state": 0.25}
    assert agree.shares(other) == "0.25 to 0.50"


def test_edits_hold_within_the_block_alone(agree):
    """`shares` with another word, for a while; and code that is not there is refused."""
    from agree_alike import edited

    trace = agree.Trace(kept=[0.5])
    with edited((("agree:shares", "to {", "up to {"),)):
        assert agree.shares(trace) == "0.50 up to 0.50"
    assert agree.shares(trace) == "0.50 to 0.50"
    with (
        pytest.raises(SystemExit, match=r"agree:shares does not contain 'nowhere'"),
        edited((("agree:shares", "nowhere", ""),)),
    ):
        pass
