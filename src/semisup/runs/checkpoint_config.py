"""The config of the network in a checkpoint: that of its round, in the run's config.yaml."""

import re
from collections.abc import Iterable
from pathlib import Path

from semisup.config import Config
from semisup.config.rounds import has_sigmoid_outputs, round_config
from semisup.core.damaged_files import checked, read_json
from semisup.core.errors import SemisupError
from semisup.core.schema import locate
from semisup.models.backbones import Backbone
from semisup.models.outputs import Outputs
from semisup.runs.run_files import CONFIG, read_config
from semisup.runs.trusted import check_targets


def backbone_node(checkpoint: Path, option: str = "run", allow: Iterable[str] = ()) -> Config:
    """The config of the network in a checkpoint.

    Args:
        checkpoint: RUN/round{r}/best.ckpt or last.ckpt; RUN/config.yaml describes the network.
        option: The name of the run's option in the error message.
        allow: Packages whose classes the run may name.

    Returns:
        The node `backbone` of that round, without pretrained weights: all weights are in the checkpoint.

    Raises:
        SemisupError: If the checkpoint is not in the folder of a run, or config.yaml is damaged or names what may not
            be called.
    """
    node = checkpoint_node(checkpoint, "backbone", Backbone, option, allow)
    return {**node, "weights": None} if "weights" in node else node


def network_outputs(checkpoint: Path, allow: Iterable[str] = ()) -> Outputs:
    """What makes probabilities of the logits of the network in a checkpoint.

    Args:
        checkpoint: As of `backbone_node`.
        allow: Packages whose classes the run may name.

    Returns:
        What the method of that round was trained with.
    """
    return "sigmoid" if has_sigmoid_outputs(_config_of_network(checkpoint, "run", allow)) else "softmax"


def checkpoint_node(checkpoint: Path, name: str, kind: type, option: str = "run", allow: Iterable[str] = ()) -> Config:
    """A node of the config that describes the network of a checkpoint.

    Args:
        checkpoint: As of `backbone_node`.
        name: The node's.
        kind: The node names a class of this kind.
        option: The name of the run's option in the error message.
        allow: Packages whose classes the run may name.

    Returns:
        The node of that round; of a fine-tuning, that of the round that it tunes.

    Raises:
        SemisupError: As of `backbone_node`.
    """
    config, file = _config_of_network(checkpoint, option, allow), checkpoint.resolve().parents[1] / CONFIG
    with checked(file):
        node: Config = config[name]
        locate(node["_target_"], f"{file}: {name}._target_", kind=kind)
        return node


def _config_of_network(checkpoint: Path, option: str, allow: Iterable[str]) -> Config:
    folder = checkpoint.resolve().parent
    number = re.fullmatch(r"round(\d+)", folder.name)
    if not number or not (folder.parent / CONFIG).is_file():
        raise SemisupError(f"{option}={checkpoint} is not in the folder of a run, as RUN/round0/best.ckpt is.")
    config = check_targets(read_config(folder.parent), folder.parent / CONFIG, allow)
    with checked(folder.parent / CONFIG):
        return round_config(config, _round_of_network(folder, int(number[1])))


def _round_of_network(folder: Path, number: int) -> int:
    """The round whose config describes the network: of a fine-tuning, the round that it tunes."""
    record = folder / "round.json"
    with checked(record):
        kind = str(read_json(record)["kind"]) if record.is_file() else ""
    tuned = re.fullmatch(r"fine-tuning of round (\d+)", kind)
    return int(tuned[1]) if tuned else number
