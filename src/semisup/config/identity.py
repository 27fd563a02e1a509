"""The name of a run's folder: the same for the same run, another for another."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from semisup.config import Config

# Where a run happens, and not what it is.
LOCATION_KEYS = ("data_dir", "runs_dir", "overwrite", "logger", "allow")
# Options of a node that change no number, or change it by rounding only.
NEUTRAL_OPTIONS = {
    "trainer": ("accelerator", "devices", "num_nodes", "strategy", "save_every"),
    "embedding": ("device", "batch_size"),
    "data": ("device_cache",),
}
# Choices that the command line does not call by the name of their class.
_CHOICES = {
    "ConfidenceLabeler": "confident",
    "ClusterLabeler": "clusters",
    "CurriculumLabeler": "curriculum",
    "LogisticLabeler": "logistic",
    "MixtureLabeler": "mixture",
    "LabelPropagation": "propagation",
    "VoteLabeler": "vote",
    "CheckpointEmbedding": "checkpoint",
    "PCAEmbedding": "pca",
    "PixelEmbedding": "pixels",
    "PretrainedEmbedding": "pretrained",
    "RoundNetworkEmbedding": "network",
}


def run_identity(config: Config) -> Config:
    """What makes a run what it is.

    Args:
        config: Completed.

    Returns:
        The config without the place and the device of the run, and without what changes no number of it.
    """
    kept = {key: value for key, value in config.items() if key not in LOCATION_KEYS}
    for node, options in NEUTRAL_OPTIONS.items():
        if kept.get(node):
            kept[node] = {key: value for key, value in kept[node].items() if key not in options}
    return kept


def run_folder(config: Config) -> Path:
    """The run's folder, such as runs/digits-60-fixmatch-resnet18-seed0-1a2b3c4d.

    Args:
        config: Completed.

    Returns:
        The path; its name ends with a hash of `run_identity`.
    """
    digest = hashlib.sha256(json.dumps(run_identity(config), sort_keys=True, default=str).encode()).hexdigest()[:8]
    parts = (
        data_and_labels(config["data"]),
        _choice(config["method"]),
        _choice(config["backbone"]),
        f"seed{config['seed']}",
        digest,
    )
    return Path(config["runs_dir"]) / "-".join(str(part) for part in parts)


def data_and_labels(data: Mapping[str, Any]) -> str:
    """How a run's folder begins, such as digits-60.

    Args:
        data: The node `data`, completed.

    Returns:
        The name of the data set, and how many labels are used.
    """
    source = data.get("name") or Path(str(data.get("path") or short_name(data["_target_"]))).stem
    return f"{source}-{str(data['labels']).replace('/', '-per-')}"


def short_name(target: str) -> str:
    """What people call a class or function, such as small_cnn for semisup.models.backbones.SmallCNN.

    Args:
        target: A dotted name.

    Returns:
        The name in snake case. FixMatch, ReMixMatch and ResNet are single words, as in the literature.
    """
    name = target.rpartition(".")[2]
    return _CHOICES.get(name) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])(?!(Fix|Mix)?(Match|Net)(?![a-z]))", "_", name).lower()


def _choice(node: Mapping[str, Any]) -> str:
    return str(node.get("name") or short_name(node["_target_"]))
