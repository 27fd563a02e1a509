"""A method, a network and data as the command line makes them, and a clock that waits for the device."""

import argparse
import logging
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from semisup.cli.overrides import CONF, quote_override
from semisup.config.nodes import build, load_data, load_source
from semisup.config.resolve import complete
from semisup.core.malloc import tune_malloc
from semisup.core.schema import locate
from semisup.data import SSLDataModule, Store
from semisup.methods import Method
from semisup.training.fit import make_method
from semisup.training.trainer import TrainerConfig

NOISE, FEATURES = "noise", "features"


@dataclass
class Setting:
    """The parts of a run of one method and network."""

    config: dict[str, Any]
    store: Store
    data: SSLDataModule
    training: TrainerConfig

    def method(self) -> Method:
        """A new method with a new network."""
        return make_method(self.config, self.store)


def setting(
    method: str, network: str, options: argparse.Namespace, max_steps: int, more: Sequence[str] = ()
) -> Setting:
    """Builds the parts of a run, and makes this process quiet and fast, as a run does.

    Args:
        method: The method's name in conf.
        network: The network's name in conf.
        options: The benchmark's options.
        max_steps: Steps of the training.
        more: Further overrides, as on a command line.

    Returns:
        The parts.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    tune_malloc()
    made = {NOISE: noise, FEATURES: features}.get(options.data)
    data = "cifar10" if made else options.data
    overrides = [f"method={method}", f"backbone={network}", f"data={data}", f"trainer.max_steps={max_steps}"]
    overrides += ["embedding=pretrained"] if options.data == FEATURES else []
    overrides += [f"batch.labeled={options.batch}", f"batch.ratio={options.ratio}"]
    overrides += [f"trainer.accelerator={options.device}", f"trainer.precision={options.precision}", *more]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        values: Any = OmegaConf.to_container(compose("train", [quote_override(o) for o in overrides]), resolve=True)
    config = complete(values)
    store = made() if made else load_source(config)
    module = load_data(config, store)
    if getattr(
        locate(config["method"]["_target_"]), "uses_pseudo_label_targets", False
    ):  # as in a round with pseudo-labels
        module = module.with_targets(store.targets, np.ones(len(store.targets), np.float32))
    return Setting(config, store, module, build(config["trainer"]))


def noise() -> Store:
    """Noise in the shape of CIFAR-10: the content of images has no effect on the speed."""
    rng = np.random.default_rng(0)
    pool, targets = rng.integers(0, 256, (50_000, 32, 32, 3), dtype=np.uint8), np.arange(50_000) % 10
    names = tuple(f"class {c}" for c in range(10))
    return Store(NOISE, names, pool, targets, pool[:0], targets[:0], len(pool), (0.5,) * 3, (0.25,) * 3, NOISE)


def features(images: int = 27_000) -> Store:
    """Noise in the shape of EuroSAT's features: 5 views of 1,280 numbers for each image, memory-mapped."""
    rng, shape = np.random.default_rng(0), (images, 5, 1280)
    file = tempfile.TemporaryFile()  # noqa: SIM115  # it goes with the array
    pool, targets = np.memmap(file, np.float16, "w+", shape=shape), np.arange(shape[0]) % 10
    for rows in np.array_split(pool, 27):
        rows[:] = rng.standard_normal(rows.shape, np.float32)
    names = tuple(f"class {c}" for c in range(10))
    store = Store(FEATURES, names, pool, targets, pool[:0], targets[:0], len(pool), (0.0,), (1.0,), FEATURES)
    return replace(store, frozen_network=FEATURES)


def now(device: torch.device) -> float:
    """Seconds, after the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter()


def spread(values: list[float]) -> dict[str, float]:
    """Median and range."""
    return {"median": float(np.median(values)), "low": min(values), "high": max(values)}
