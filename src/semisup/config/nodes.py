"""Nodes of a config, such as `method` or `backbone`: what each constructor is given, and how it is called."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from semisup.config import Config
from semisup.core.errors import SemisupError
from semisup.core.schema import locate, parameters
from semisup.data import Split, SSLDataModule, Store, scale_pixels, withhold_classes
from semisup.data.label_table import LabelTable
from semisup.data.transforms import ImageViews
from semisup.embeddings.network import NetworkEmbedding
from semisup.models.backbones import Backbone

# What takes the options of `data`, beside the source.
DATA_TARGETS: tuple[Callable[..., Any], ...] = (SSLDataModule, withhold_classes, scale_pixels)

# What the program supplies to each node's constructor, and a config may not set.
INJECTED_ARGS = {
    "data": ("data_dir", "store", "batch_size", "ratio", "seed"),
    "method": ("network", "optimizer", "classes", "images"),
    "teacher": ("network", "optimizer", "classes", "images"),
    "labeler": (),
    "embedding": ("source", "load_network"),
    "backbone": ("shape", "classes"),
    "optimizer": (),
    "trainer": (),
    "logger": ("folder", "round_number"),
}


def build(node: Mapping[str, Any], **injected: Any) -> Any:
    """Calls the target of a completed node.

    Args:
        node: `_target_`, a dotted name, and its keyword arguments.
        injected: What the program supplies.

    Returns:
        What the class or function returns.
    """
    return locate(node["_target_"])(**{key: value for key, value in node.items() if key != "_target_"}, **injected)


def build_embedding(node: Mapping[str, Any], load_network: Callable[..., Any] | None) -> Any:
    """Builds an embedding that needs no network of this run.

    Args:
        node: Its completed node.
        load_network: Loads the network of another run, for the embeddings that take one; None to check the node alone.

    Returns:
        The embedding.
    """
    return build(node, **select_kwargs({"load_network": load_network}, locate(node["_target_"])))


def embeds_views(node: Mapping[str, Any]) -> bool:
    """Whether an embedding gives the features of views, for a backbone to be trained on. Nothing is called.

    Args:
        node: Its node.

    Returns:
        Whether it is that of a network that this run does not train.
    """
    target = locate(node["_target_"], "embedding._target_")
    return isinstance(target, type) and issubclass(target, NetworkEmbedding) and "source" not in parameters(target)


def build_network(config: Config, store: Store) -> Backbone:
    """The network of a config, with weights drawn from torch's random state.

    Args:
        config: Completed.
        store: The network has its shape of inputs and its number of classes.

    Returns:
        The network, on the CPU.
    """
    network: Backbone = build(config["backbone"], shape=store.shape, classes=len(store.classes))
    return network


def load_source(config: Config) -> Store:
    """The data set of a config, imported first where that has not been done.

    Args:
        config: Completed.

    Returns:
        The data set.
    """
    source = locate(config["data"]["_target_"])
    store: Store = source(data_dir=Path(config["data_dir"]).expanduser(), **select_kwargs(config["data"], source))
    known = apply_store_options(config, store)
    if (file := config["data"].get("labels_file")) and known.unknown_classes:
        _refuse_labels_of_unknown_classes(Path(file).expanduser(), store, known)
    return known


def apply_store_options(config: Config, store: Store) -> Store:
    """Applies the options of `data` that change a data set after its import: its pixels' scale, its unknown classes.

    Args:
        config: Completed.
        store: As it was imported, with all classes.

    Returns:
        The data set as the config's runs see it.
    """
    scaled = scale_pixels(store, **select_kwargs(config["data"], scale_pixels))
    return withhold_classes(scaled, **select_kwargs(config["data"], withhold_classes))


def _refuse_labels_of_unknown_classes(file: Path, store: Store, known: Store) -> None:
    table = LabelTable(file, keys=("path",))
    target = table.targets(store.classes)
    unknown = [store.classes.index(name) for name in known.unknown_classes]
    table.refuse(
        np.isin(target, unknown),
        lambda row: f"'{store.classes[target[row]]}' is in data.unknown, whose images have no label; delete the row.",
    )


def embed_inputs(
    config: Config, store: Store, load_network: Callable[..., Any], progress: Callable[[int, int], None]
) -> Store:
    """Puts the features of a frozen network in the place of a data set's images.

    Args:
        config: Completed, with a backbone that takes an embedding.
        store: The images.
        load_network: Loads the network of another run, for embedding=checkpoint.
        progress: Called after each block of images.

    Returns:
        The same data set, with features of the plain view and of a few weak and strong ones.

    Raises:
        SemisupError: If the network cannot take the images.
    """
    if len(store.shape) != 3:
        raise SemisupError(f"{store.name} has rows of numbers, and an embedding is of images: write backbone=mlp.")
    views = select_kwargs(config["data"], ImageViews)
    embedding = build_embedding(config["embedding"], load_network)
    embedded: Store = embedding.embed_views(store, embeddings_folder(config), views, progress)
    return embedded


def embeddings_folder(config: Config) -> Path:
    """Where embeddings are kept that depend on no network of the run.

    Args:
        config: Completed.

    Returns:
        A folder in data_dir.
    """
    return Path(config["data_dir"]).expanduser() / "embeddings"


def load_data(config: Config, store: Store, split: Split | None = None) -> SSLDataModule:
    """The data module of a config.

    Args:
        config: Completed.
        store: The data set.
        split: That of an earlier round; None draws one.

    Returns:
        The data module.
    """
    options = select_kwargs(config["data"], SSLDataModule)
    sizes = {"batch_size": config["batch"]["labeled"], "ratio": config["batch"]["ratio"]}
    return SSLDataModule(store, **{**options, "split": split or options["split"]}, **sizes, seed=config["seed"])


def select_kwargs(node: Mapping[str, Any], target: Callable[..., Any]) -> dict[str, Any]:
    """The values of a node that a target takes; a data node's belong to the source and to the data module.

    Args:
        node: Keyword arguments of several targets.
        target: One of them.

    Returns:
        Its keyword arguments.
    """
    return {key: value for key, value in node.items() if key in parameters(target)}
