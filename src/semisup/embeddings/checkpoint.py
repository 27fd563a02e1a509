"""A network of ours, from a finished run or a checkpoint."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from semisup import config as configuration
from semisup.backbones import Backbone
from semisup.callbacks.checkpoints import load
from semisup.config import Config, round_config
from semisup.data import Store
from semisup.embeddings.network import NetworkEmbedding, Prepared, check_inputs
from semisup.embeddings.plain import plain_views
from semisup.errors import SemisupError

AVERAGE, TRAINED = "average.network.", "network."  # what a method calls its networks


class Checkpoint(NetworkEmbedding):
    """The features of a network that a run has trained: of the moving average of its weights where there is one.

    run: the folder of a finished run, of which the round that was tested is taken, or a checkpoint in a run's folder,
    such as RUN/round0/best.ckpt. Images are normalized by the statistics of the data set that is embedded. For the
    other options see NetworkEmbedding.
    """

    def __init__(self, *, run: str, **base: Any) -> None:
        super().__init__(**base)
        self.run = Path(run).expanduser()

    def prepare(self, store: Store) -> Prepared:
        file = self.file()
        folder = file.resolve().parent
        node = backbone_node(file)
        state = evaluated_weights(load(file)["state_dict"])
        try:
            with torch.random.fork_rng(devices=[]):  # all that is drawn is overwritten
                classes = len(state["head.bias"])
                network: Backbone = configuration.build(node, shape=store.shape, classes=classes)
            network.load_state_dict(state)
            check_inputs(network, store)
        except (SemisupError, RuntimeError, KeyError) as error:
            reason = str(error).strip().splitlines()[0].rstrip(":.")
            raise SemisupError(
                f"embedding.run={self.run}: its network does not fit {store.name} ({reason})."
            ) from error
        network = network.to(memory_format=torch.channels_last)
        return Prepared(network, plain_views(store), f"features of {folder.parent.name}/{folder.name}")

    def file(self) -> Path:
        """The checkpoint itself. Raises SemisupError if the run has none."""
        if self.run.suffix == ".ckpt":
            if not self.run.is_file():
                raise SemisupError(f"embedding.run={self.run}: there is no such checkpoint.")
            return self.run
        if not (self.run / "config.yaml").is_file():
            raise SemisupError(f"embedding.run={self.run} is not the folder of a run: it has no config.yaml.")
        if not (self.run / "result.json").is_file():
            raise SemisupError(
                f"embedding.run={self.run} is not finished: run it to its end, or name one of its checkpoints, "
                f"such as {self.run}/round0/last.ckpt."
            )
        folder = self.run / f"round{json.loads((self.run / 'result.json').read_text())['round']}"
        found = [file for file in (folder / "best.ckpt", folder / "last.ckpt") if file.is_file()]
        if not found:
            raise SemisupError(f"embedding.run={self.run}: {folder.name} has no checkpoint.")
        return found[0]


def backbone_node(checkpoint: Path) -> Config:
    """The node of the network in RUN/roundN/*.ckpt, from RUN/config.yaml; all its weights are the checkpoint's."""
    folder = checkpoint.resolve().parent
    number, file = re.fullmatch(r"round(\d+)", folder.name), folder.parent / "config.yaml"
    if not number or not file.is_file():
        raise SemisupError(
            f"embedding.run={checkpoint} does not lie in the folder of a run, as RUN/round0/best.ckpt does."
        )
    try:
        config = yaml.safe_load(file.read_text())
        node: Config = round_config(config, _form(folder, int(number[1])))["backbone"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise SemisupError(f"{file} is not the config of a run.") from error
    return {**node, "weights": None} if "weights" in node else node


def evaluated_weights(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a method's evaluated network: the moving average where there is one."""
    prefix = AVERAGE if any(name.startswith(AVERAGE) for name in state) else TRAINED
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def _form(folder: Path, number: int) -> int:
    """The round whose network has the same form: a fine-tuning has that of the round it tunes."""
    record = folder / "round.json"
    kind = json.loads(record.read_text())["kind"] if record.is_file() else ""
    tuned = re.fullmatch(r"fine-tuning of round (\d+)", kind)
    return int(tuned[1]) if tuned else number
