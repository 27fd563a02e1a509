"""The two processes that take turns, and the arithmetic. USB itself is not installed for tests."""

import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

USB = Path(__file__).parents[2] / "scripts" / "benchmarks" / "usb"

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
