"""USB's side of compare.py: semilearn 0.3.2's own data, transforms, samplers, loaders, algorithm, hooks and loop.

semilearn trains on CUDA only: it calls .cuda(), CUDA's events and its synchronization, whatever the device. To run it
on a CPU, `allow_cpu` and `patch` change the following in memory, and nothing on disk. None of it is part of a step's
work.

- .cuda() returns the object itself, CUDA's events are clocks, and its synchronization does nothing.
- Modules that semilearn imports for other kinds of data and for loggers are empty.
- torchvision's CIFAR10 returns the arrays that Semisup reads, instead of a download.
- Its networks include Semisup's small_cnn, with the outputs that semilearn expects.
- Files of indices go to a temporary folder.
"""

import json
import os
import random
import sys
import tempfile
from importlib.machinery import ModuleSpec
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import torch
import torchvision
from turns import Turns

from semisup.core.malloc import tune_malloc
from semisup.data.store import open_store, store_folder
from semisup.models.backbones.small_cnn import SmallCNN

ALGORITHMS = {"pseudo_label": "pseudolabel", "supervised": "fullysupervised"}  # the others have the same name
NETWORKS = {"wide_resnet": "wrn_28_2"}
UNUSED_MODULES = (
    *("torchaudio", "aim", "wandb", "skimage", "skimage.util"),
    *("transformers", "transformers.tokenization_utils_base", "transformers.file_utils", "transformers.data"),
)


class Event:
    """CUDA's event as a clock."""

    def __init__(self, enable_timing: bool = False) -> None:
        self.at = 0.0

    def record(self) -> None:
        self.at = perf_counter()

    def elapsed_time(self, other: "Event") -> float:
        """Milliseconds."""
        return 1000 * (other.at - self.at)


class NetworkWithFeatures(SmallCNN):
    """small_cnn with features beside the logits, as semilearn expects."""

    def forward(self, x: torch.Tensor, **_: Any) -> dict[str, torch.Tensor]:  # type: ignore[override]  # another result than a Backbone's
        features = self.features(x)
        return {"logits": self.head(features), "feat": features}


def allow_cpu() -> None:
    """Makes semilearn importable, and its calls to CUDA harmless."""
    sys.modules.update({name: MagicMock(__spec__=ModuleSpec(name, None)) for name in UNUSED_MODULES})
    # What semilearn calls on a GPU does nothing, or the same on a CPU. mypy refuses functions that are replaced.
    torch.Tensor.cuda = torch.nn.Module.cuda = lambda self, *_, **__: self  # type: ignore[assignment, method-assign]
    torch.cuda.Event = Event  # type: ignore[assignment, misc]
    torch.cuda.synchronize = lambda *_, **__: None


def patch(folder: str) -> None:
    """Makes semilearn train on a CPU, on the images that Semisup reads.

    Args:
        folder: For its index files.
    """
    allow_cpu()
    store = open_store(store_folder(Path(os.environ["SEMISUP_DATA"]), "cifar10"))

    def cifar10(root: str, train: bool, download: bool) -> SimpleNamespace:
        images, targets = (store.images, store.targets) if train else (store.test_images, store.test_targets)
        return SimpleNamespace(data=np.array(images), targets=targets.tolist())

    torchvision.datasets.CIFAR10 = cifar10
    import semilearn.datasets.utils
    import semilearn.nets

    semilearn.datasets.utils.base_dir = folder
    semilearn.nets.small_cnn = lambda num_classes, **_: NetworkWithFeatures((3, 32, 32), num_classes)


def config(case: dict[str, Any], folder: str) -> dict[str, Any]:
    """The options that differ from semilearn's defaults. The length, 2^20 steps, and the rest are USB's."""
    return {
        "algorithm": ALGORITHMS.get(case["method"], case["method"]),
        "net": NETWORKS.get(case["network"], case["network"]),
        "num_labels": case["labels"],
        "batch_size": case["batch"],
        "uratio": case["ratio"],
        "lr": case["lr"],
        "weight_decay": case["weight_decay"],
        "num_workers": case["workers"],
        "epoch": 1024,
        "num_train_iter": 1024 * 1024,
        "num_eval_iter": 5120,
        "num_log_iter": 50,  # as often as Semisup logs
        "gpu": 0,
        "distributed": False,
        "save_dir": folder,
    }


def main(case: dict[str, Any]) -> None:
    """Trains until the turns are over. case: what compare.py asks for."""
    if case["allocator"] == "set":
        tune_malloc()  # the loader's workers are forked and inherit it
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    torch.set_num_threads(case["threads"])
    turns = Turns(case["orders"], case["answers"], case["warm_up"], case["steps"])
    with tempfile.TemporaryDirectory() as folder:
        patch(folder)
        import semilearn
        from semilearn.core.hooks import Hook

        class Watch(Hook):  # with the lowest priority, so that it ends a step
            def after_train_step(self, algorithm: Any) -> None:
                if not turns():
                    sys.exit()

        args = semilearn.get_config(config(case, folder))
        network = semilearn.get_net_builder(args.net, args.net_from_name)
        algorithm = semilearn.get_algorithm(args, network, tb_log=None, logger=None)
        algorithm.register_hook(Watch(), None, "LOWEST")
        algorithm.train()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
