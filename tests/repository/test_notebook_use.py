"""The lines of docs/extending.md that are for Python, as a notebook would run them."""

import re
import warnings
from pathlib import Path

import pytest

from semisup import methods
from semisup.methods.base import Method

TEXT = (Path(__file__).parents[2] / "docs" / "extending.md").read_text()
(CODE,) = re.findall(r"^## Without Hydra\n```python\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)
(RUN_CODE,) = re.findall(r"^## A run from Python\n```python\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)
MORE = {
    "FlexMatch": ", classes=len(store.classes), images=len(store.images)",
    "FreeMatch": ", classes=len(store.classes)",
    "SoftMatch": ", classes=len(store.classes)",
}
# What Lightning says of itself, of trainings as short as this one, and of the EMA (which semisup.models.ema silences).
LIGHTNING = ("isinstance(treespec, LeafSpec)", "smaller than the logging interval", "module(s) in eval mode")


def run(code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data_dir: Path) -> dict[str, object]:
    """The names that the code has defined when it has run, in a folder of its own. Fails at any warning about us."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(replaced(code, 'Path("data")', f'Path("{data_dir}")'), names)
    messages = {str(warning.message) for warning in caught}
    assert not {message for message in messages if not any(known in message for known in LIGHTNING)}
    return names


def replaced(code: str, old: str, new: str) -> str:
    assert old in code
    return code.replace(old, new)


def shortened(code: str) -> str:
    """Six steps, with an evaluation after every third."""
    return replaced(replaced(code, "max_steps=1000", "max_steps=6"), "val_check_interval=100", "val_check_interval=3")


def test_the_documented_lines_train_and_test(monkeypatch, tmp_path, data_dir):
    trainer = run(shortened(CODE), monkeypatch, tmp_path, data_dir)["trainer"]
    assert trainer.global_step == 6
    assert 0 <= trainer.callback_metrics["test/accuracy"] <= 1


def test_the_documented_lines_do_runs(monkeypatch, tmp_path, data_dir, capsys):
    code = replaced(RUN_CODE, '"trainer.max_steps=1000"', f'"trainer.max_steps=4", "data_dir={data_dir}"')
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(code, names)
    folder = tmp_path / "runs"
    accuracy = {names["open_run"](run).result["test"]["accuracy"] for run in folder.iterdir()}
    assert names["result"]["test"]["accuracy"] in accuracy
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("name", ["Supervised", "MeanTeacher", "MixMatch", "VAT", "FixMatch", *MORE])
def test_any_method_takes_the_place_of_the_documented_one(name, monkeypatch, tmp_path, data_dir):
    code = replaced(shortened(CODE), "import PseudoLabel", f"import {name}")
    code = replaced(code, "PseudoLabel(", f"{name}(")
    code = replaced(code, ", threshold=0.95)", MORE.get(name, "") + ")")
    code = replaced(code, "use_distributed_sampler=False", "use_distributed_sampler=False, enable_progress_bar=False")
    names = run(code, monkeypatch, tmp_path, data_dir)
    assert isinstance(names["method"], getattr(methods, name))
    assert isinstance(names["method"], Method)
    assert names["trainer"].global_step == 6
