"""Methods that keep statistics keep the same ones in two processes as in one."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import torch
from torch.testing import assert_close

ROOT = Path(__file__).parents[2]
METHODS = ("flexmatch", "freematch", "softmatch", "dash", "adamatch", "temporal_ensembling", "simmatch")
# Without dropout, as each process draws its own; with so low a threshold that FlexMatch remembers something.
MORE = ("backbone.dropout=0", "trainer.accelerator=cpu", "optimizer.lr=0.01")
OWN = {
    "flexmatch": ["method.threshold=0.2"],
    "freematch": ["method.decay=0.9", "method.fairness=1.0"],
    "simmatch": ["method.memory=12"],
}

TWO = """
import json, sys, torch
from rich.console import Console
from semisup.runs.run import run
torch.set_num_threads(1)
for config in json.loads(sys.argv[1]):
    run(config, Console(quiet=True))
"""


def test_two_processes_keep_the_statistics_of_one(config, run, tmp_path):
    """The processes are started once, as a launcher such as torchrun would, and train one method after the other."""
    configs = []
    for name in METHODS:
        more = [f"method={name}", *MORE, *OWN.get(name, [])]
        run(*more, f"runs_dir={tmp_path / 'one' / name}")
        two = [f"runs_dir={tmp_path / 'two' / name}", "trainer.devices=2", "trainer.strategy=ddp"]
        configs.append(config(*more, *two))
    together = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "WORLD_SIZE": "2", "NODE_RANK": "0"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TWO, json.dumps(configs)],
            cwd=ROOT,
            env={**os.environ, **together, "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    for name in METHODS:
        one, two = buffers(tmp_path / "one" / name), buffers(tmp_path / "two" / name)
        assert one, "there are statistics to compare"
        assert name != "flexmatch" or (one["thresholds.last_confident"] >= 0).any(), "FlexMatch was confident at times"
        assert_close(two, one, rtol=1e-4, atol=1e-5)


def buffers(runs: Path) -> dict[str, torch.Tensor]:
    """What the method keeps besides its networks."""
    (checkpoint,) = runs.glob("*/round0/last.ckpt")
    state = torch.load(checkpoint, weights_only=True)["state_dict"]
    return {key: value for key, value in state.items() if not key.startswith(("network.", "ema."))}


def free_port() -> str:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])
