"""Folders from elsewhere: each node of a run's config names a module of another package; no command imports it."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from tests.campaigns.attempt import Case, drawn, only, semisup, train_words

PLACES = ("method", "optimizer", "trainer", "backbone", "logger", "data", "teacher", "labeler", "embedding", "rounds")
COMMANDS = ("predict", "export", "report", "compare", "embedding.run")


def cases(workspace: Path, most: int | None) -> Iterator[Case]:
    """Every node and every command."""
    assert semisup(train_words(workspace)).status == 0
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(workspace / "a.png")
    (workspace / "trap.py").write_text(f"open({str(workspace / 'imported')!r}, 'w').close()\nclass Trap: ...\n")
    for place, name in drawn([(place, name) for place in PLACES for name in COMMANDS], most):
        yield f"{place} in {name}", lambda p=place, n=name: _read(workspace, p, n)


def _read(workspace: Path, place: str, name: str) -> str | None:
    shutil.rmtree(workspace / "hostile", ignore_errors=True)
    intact = only(workspace / "runs")
    folder = Path(shutil.copytree(intact, workspace / "hostile" / intact.name))
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config[place] = {"_target_": "trap.Trap"} if place != "rounds" else {"backbones": [{"_target_": "trap.Trap"}]}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    own = [f"runs_dir={workspace / 'own'}", "method=cluster_label", "rounds.students=0", "embedding=checkpoint"]
    words = {
        "predict": ["predict", f"run={folder}", f"images={workspace / 'a.png'}", f"out={workspace / 'a.csv'}"],
        "export": ["export", f"run={folder}", f"out={workspace / 'a.safetensors'}"],
        "report": ["report", folder],
        "compare": ["compare", folder],
        "embedding.run": ["train", *own, f"data_dir={workspace / 'data'}", f"embedding.run={folder}"],
    }[name]
    here = Path.cwd()
    os.chdir(workspace)  # where the trap is found, as commands look for a user's own packages there
    try:
        ended = semisup(words)
    finally:
        os.chdir(here)
        sys.modules.pop("trap", None)
    if (workspace / "imported").exists():
        return "the module was imported"
    return ended.fault or (None if ended.status or name == "compare" else "the folder was used")
