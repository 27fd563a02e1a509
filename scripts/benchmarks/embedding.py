"""Embedding images by a network, from uint8 on disk to float32 on disk, against the bare forward pass.

The bare pass takes one batch of plain views, which is already on the device, as often as there are batches. Both are in
evaluation mode, without gradients and in `channels_last`. They take turns in one process.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.setting import now, setting, spread
from semisup.config.nodes import build_network
from semisup.embeddings import RoundNetworkEmbedding
from semisup.models.inference import evaluation_mode

BATCH, BATCHES = 256, 10


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Images per second of each network, and of its bare forward pass."""
    return [case(network, options) for network in options.networks]


def case(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Images per second of one network, and of its bare forward pass."""
    made = setting("supervised", name, options, max_steps=1)
    network = build_network(made.config, made.store).to(memory_format=torch.channels_last)
    device = made.training.tester().strategy.root_device
    embedding = RoundNetworkEmbedding(network, batch_size=BATCH, device=str(device), precision=options.precision)
    rows = np.arange(min(BATCH * BATCHES, len(made.store.images)))
    images = torch.from_numpy(made.store.images[rows[:BATCH]]).to(device)
    ready = made.data.views.apply("plain", images, {})
    seconds: dict[str, list[float]] = {"real": [], "bare": []}
    for turn in range(options.rounds + 1):
        with tempfile.TemporaryDirectory() as folder:  # a new one, as an embedding in a folder is read and not computed
            began = now(device)
            embedding(made.store, rows, Path(folder))
            real = now(device) - began
        with evaluation_mode(network, device), torch.no_grad():
            half = torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bf16-mixed")
            began = now(device)
            for start in range(0, len(rows), BATCH):
                with half:
                    network.features(ready[: len(rows) - start])
            bare = now(device) - began
        if turn:  # the first turn warms up
            seconds["real"].append(real)
            seconds["bare"].append(bare)
    return {"network": name, "images": len(rows), **figures(len(rows), seconds)}


def figures(images: int, seconds: dict[str, list[float]]) -> dict[str, Any]:
    """The results, from the seconds of each round."""
    return {
        "images_per_second": {side: images / float(np.median(values)) for side, values in seconds.items()},
        "real_over_bare": spread([a / b for a, b in zip(seconds["real"], seconds["bare"], strict=True)]),
    }
