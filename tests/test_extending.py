"""What docs/extending.md promises, as an outsider would do it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from semisup.backbones import MLP
from semisup.data import SSLDataModule
from semisup.data.sources import digits
from semisup.methods import PseudoLabel

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "docs" / "extending.md").read_text(), flags=re.DOTALL)


def test_a_method_from_a_package_of_ones_own_trains_with_its_own_yaml(overrides, tmp_path):
    """The documented files, written where the documentation says, and the documented command."""
    (python, method), (_, yaml) = BLOCKS[0], BLOCKS[1]
    assert python == "python"
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "sure.py").write_text(method)
    (tmp_path / "my_conf" / "method").mkdir(parents=True)
    (tmp_path / "my_conf" / "method" / "sure_ones.yaml").write_text(yaml)
    more = [f"hydra.searchpath=[file://{tmp_path}/my_conf]", "method=sure_ones", "method.threshold=0.2"]
    command = [sys.executable, str(ROOT / "train.py"), *overrides(*more)]
    ended = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert ended.returncode == 0, ended.stderr
    (result,) = (tmp_path / "runs").glob("digits-60-sure_ones-*/result.json")
    assert json.loads(result.read_text())["pseudo_labels"]["coverage"] > 0
    command[-1] = "method.treshold=0.2"
    ended = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert ended.returncode == 1
    assert ended.stderr.strip() == "semisup: there is no option method.treshold; did you mean 'threshold'?"


@pytest.mark.filterwarnings("ignore")
def test_every_class_is_usable_without_hydra(data_dir, tmp_path):
    """The documented ten lines, on digits with a small network instead of CIFAR-10."""
    import lightning as L

    store = digits(data_dir)
    data = SSLDataModule(store, labels=60, flip=False, padding=1, batch_size=8, ratio=2)
    method = PseudoLabel(MLP(store.shape, len(store.classes), hidden=[16]), threshold=0.95)
    trainer = L.Trainer(
        max_steps=6,
        val_check_interval=3,
        check_val_every_n_epoch=None,
        use_distributed_sampler=False,
        default_root_dir=tmp_path,
        enable_progress_bar=False,
    )
    trainer.fit(method, datamodule=data)
    (figures,) = trainer.test(method, datamodule=data, verbose=False)
    assert trainer.global_step == 6
    assert 0 <= figures["test/accuracy"] <= 1
