"""The network of a finished run, from its checkpoint. Nothing in the checkpoint is executed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from semisup.config import Config
from semisup.config.nodes import build, build_embedding, embeds_views, select_kwargs
from semisup.core.damaged_files import checked
from semisup.core.errors import SemisupError
from semisup.core.schema import locate
from semisup.data import Store
from semisup.methods import Method
from semisup.models.backbones import Backbone
from semisup.models.classifier import FrozenNetwork
from semisup.runs.checkpoint_config import backbone_node, checkpoint_node
from semisup.runs.run_files import CONFIG, RESULT, read_result, value_at
from semisup.training.callbacks.checkpoints import load_checkpoint

_NAMES = ("ema.network", "average.network", "network")  # of the evaluated network, in checkpoints that do not say it


def check_finished(folder: Path, option: str = "run", instead: str = "") -> None:
    """Makes certain that a folder is that of a finished run.

    Args:
        folder: The folder.
        option: The name of the folder's option in the error message.
        instead: What else the user can do if the run is not finished.

    Raises:
        SemisupError: If it is not.
    """
    if not (folder / CONFIG).is_file():
        raise SemisupError(f"{option}={folder} is not the folder of a run: it has no {CONFIG}.")
    if not (folder / RESULT).is_file():
        raise SemisupError(f"{option}={folder} is not finished: run it to its end{instead and f', or {instead}'}.")


def chosen_checkpoint(run: Path, option: str = "run", instead: str = "") -> Path:
    """The checkpoint of the round that a finished run was tested with.

    Args:
        run: The run's folder.
        option: The name of the folder's option in the error message.
        instead: What else the user can do if the run is not finished.

    Returns:
        best.ckpt, or last.ckpt of a run without validation images.

    Raises:
        SemisupError: If the run is not finished, or has no checkpoint.
    """
    check_finished(run, option, instead)
    result = read_result(run)
    with checked(run / RESULT):
        folder, is_best = run / f"round{value_at(result, 'round')}", value_at(result, "validation") is not None
    file = folder / ("best.ckpt" if is_best else "last.ckpt")
    if not file.is_file():
        raise SemisupError(f"{option}={run}: its network is lost, as {folder.name} has no {file.name}: restore it.")
    return file


def trained_network(
    checkpoint: Path,
    shape: tuple[int, ...],
    name: str,
    classes: int | None = None,
    option: str = "run",
    allow: Iterable[str] = (),
) -> Backbone:
    """The evaluated network of a checkpoint.

    Args:
        checkpoint: RUN/round{r}/best.ckpt or last.ckpt.
        shape: The shape of one input, (C, H, W) or (D,).
        name: The data set's name, for the error message.
        classes: How many classes there are; None: as many as the network has.
        option: The name of the run's option in the error message.
        allow: Packages whose classes the run may name.

    Returns:
        The network, on the CPU: the moving average of the weights, if the method has one.

    Raises:
        SemisupError: If the checkpoint cannot be read, or the network does not fit the inputs or the classes.
    """
    node = backbone_node(checkpoint, option, allow)
    state = _evaluated_weights(load_checkpoint(checkpoint))
    with _building(f"{option}={checkpoint}: its network does not fit {name}"):
        count = len(state["head.bias"]) if classes is None else classes
        network: Backbone = build(node, shape=shape, classes=count)
        network.load_state_dict(state)
    return network.to(memory_format=torch.channels_last)


def trained_detector(checkpoint: Path, network: Backbone, allow: Iterable[str] = ()) -> nn.Module | None:
    """The detector of unknown classes in a checkpoint.

    Args:
        checkpoint: As in `trained_network`.
        network: What `trained_network` made of it.
        allow: Packages whose classes the run may name.

    Returns:
        The detector, on the CPU: the moving average, if the method has one. None if the run has no detector.

    Raises:
        SemisupError: If it does not fit the network.
    """
    saved: Mapping[str, Tensor] = load_checkpoint(checkpoint).get("state_dict", {})
    state = {name: value for name, value in saved.items() if name.partition(".")[0] in ("detector", "detector_ema")}
    if not state:
        return None
    node = checkpoint_node(checkpoint, "method", Method, allow=allow)
    given = select_kwargs({"network": network, "classes": network.classes}, locate(node["_target_"]))
    with _building(f"run={checkpoint}: its detector does not fit its network"):
        method: Method = build(node, **given)
        if method.load_state_dict(state, strict=False).unexpected_keys:
            raise KeyError("it has other layers")
    return method.eval_detector


def load_network(run: Path, store: Store, allow: Iterable[str] = ()) -> tuple[Backbone, Path]:
    """Loads the evaluated network of a finished run or of a checkpoint, for embedding=checkpoint.

    Args:
        run: The folder of a finished run, or a checkpoint in a run's folder.
        store: The images that it will embed.
        allow: Packages whose classes the run may name.

    Returns:
        The network and its checkpoint.

    Raises:
        SemisupError: If there is no such checkpoint, or it does not fit the images.
    """
    option = "embedding.run"
    if run.suffix == ".ckpt":
        checkpoint = run
        if not checkpoint.is_file():
            raise SemisupError(f"{option}={run}: there is no such checkpoint.")
    else:
        instead = "name one of its checkpoints, such as RUN/round0/last.ckpt"
        checkpoint = chosen_checkpoint(run, option, instead=instead)
    return trained_network(checkpoint, store.shape, store.name, option=option, allow=allow), checkpoint


def joined_network(
    config: Config,
    checkpoint: Path,
    store: Store,
    fingerprint: str = "",
    allow: Iterable[str] = (),
) -> tuple[FrozenNetwork, Sequence[float], Sequence[float]]:
    """The frozen network and the head that a run has trained on its features, in one: images in, logits out.

    Args:
        config: The run's, which `check_targets` has accepted.
        checkpoint: Of the head.
        store: The data set; its shape and its classes are used, none of its images.
        fingerprint: That of the frozen network when the head was trained; empty if it is not known.
        allow: Packages whose classes the run, and the one that it may name as embedding.run, may name.

    Returns:
        The network, on the CPU, with the mean and the standard deviation that it normalizes images with.

    Raises:
        SemisupError: If the frozen network is no longer there or is another one now, or the head does not fit it.
    """
    node = config["embedding"]
    if not embeds_views(node):  # anything else is not called to find out
        raise SemisupError(f"{checkpoint.parents[1]}: embedding._target_={node['_target_']} is no network's.")
    embedding = build_embedding(node, partial(load_network, allow=allow))
    if fingerprint and embedding.fingerprint(store) != fingerprint:
        raise SemisupError(
            f"{checkpoint.parents[1]} was trained on the features of another frozen network than the one that "
            f"embedding.{'run' if 'run' in node else 'weights'}={node.get('run', node.get('weights'))} holds now."
        )
    frozen = embedding.extractor(store)
    head = trained_network(checkpoint, (frozen.network.num_features,), store.name, len(store.classes), allow=allow)
    joined = FrozenNetwork(frozen.network, head, normalize=embedding.postprocessing.normalize)
    return joined, frozen.mean, frozen.std


@contextmanager
def _building(fault: str) -> Iterator[None]:
    """Within it, random initial weights leave torch's random state as it is, and an error is one sentence."""
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    except (SemisupError, RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(":.")
        raise SemisupError(f"{fault} ({reason}).") from error


def _evaluated_weights(checkpoint: Mapping[str, Any]) -> dict[str, Tensor]:
    """The weights of the method's `eval_network` alone; the method may have other modules."""
    state: Mapping[str, Tensor] = checkpoint.get("state_dict", {})
    names = (checkpoint["eval_network"],) if "eval_network" in checkpoint else _NAMES
    prefix = next((f"{name}." for name in names if any(key.startswith(f"{name}.") for key in state)), "network.")
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
