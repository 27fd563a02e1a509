"""From the values of the command line to a completed config, in which everything fits together."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from semisup.config import Config
from semisup.config.identity import short_name
from semisup.config.nodes import DATA_TARGETS, INJECTED_ARGS, build, build_embedding, embeds_views
from semisup.config.rounds import Rounds, round_config
from semisup.core.errors import SemisupError
from semisup.core.ranges import Positive, PositiveInt, Seed, UserPath
from semisup.core.schema import completed, locate, parameters
from semisup.data.transforms.custom import build_transform

OPTIONAL_NODES = ("teacher", "labeler", "embedding")


def complete(config: Mapping[str, Any]) -> Config:
    """Fills in every default from the signatures, and checks the values.

    Args:
        config: Plain dicts and lists; it stays as it is.

    Returns:
        The completed config. Completing it again changes nothing.

    Raises:
        SemisupError: If a value is not valid, or if two do not go together.
    """
    full = dict(config)
    for where, injected in INJECTED_ARGS.items():  # data comes first
        node = config.get(where)
        if where == "embedding" and node and node.get("mirror") == "auto":  # what data.flip says keeps the class
            node = {**node, "mirror": full["data"]["flip"]}
        full[where] = _completed_node(where, node, injected)
    full["batch"] = completed("batch", config["batch"], [batch_sizes])
    full["rounds"] = completed("rounds", config.get("rounds") or {}, [Rounds])
    full |= completed("", {k: v for k, v in config.items() if k not in (*INJECTED_ARGS, "batch", "rounds")}, [settings])
    if full["data"]["split"]:
        full["data"]["labels"] = "split"  # the file says which; so does the name of the run
    build(full["optimizer"])
    for option in ("weak", "strong"):
        build_transform(f"data.{option}", full["data"].get(option))
    _check_rounds(full)
    return full


def batch_sizes(labeled: PositiveInt = 64, ratio: PositiveInt | Positive = 7) -> None:
    """The options of `batch`.

    Args:
        labeled: Labeled images per step, over all devices.
        ratio: Unlabeled images per labeled one; also a fraction, such as .5.
    """


def settings(
    seed: Seed = 0,
    tune: Literal["lr", "batch_size"] | None = None,
    overwrite: bool = False,
    data_dir: UserPath = "data",
    runs_dir: UserPath = "runs",
    allow: str | Sequence[str] = (),
) -> None:
    """The options of a config besides its nodes.

    Args:
        seed: Of the split, weights, batches and views.
        tune: What is chosen automatically before the training.
        overwrite: Whether an earlier run in the folder is deleted first.
        data_dir: Where data sets are.
        runs_dir: Where runs are written.
        allow: Packages whose classes the run of `embedding.run` may name, beside those that this config names.
    """


def labeler_reads(labeler: Mapping[str, Any]) -> tuple[str, ...]:
    """What a labeler needs of each image.

    Args:
        labeler: Its node.

    Returns:
        Some of logits and features.
    """
    return tuple(getattr(locate(labeler["_target_"]), "reads", ("logits",)))


def embeds_without_a_teacher(config: Config) -> bool:
    """Whether the labels come from an embedding that needs no network of this run, so that round 0 trains nothing.

    Args:
        config: Completed.

    Returns:
        Whether that is so.
    """
    node, labeler = config["embedding"], config["labeler"]
    if not node or not labeler or "features" not in labeler_reads(labeler):
        return False
    return "source" not in parameters(locate(node["_target_"]))


def takes_embedding(config: Config) -> bool:
    """Whether the backbone is trained on features of a frozen network instead of images.

    Args:
        config: Completed.

    Returns:
        Whether that is so.
    """
    target = locate(config["backbone"]["_target_"], "backbone._target_")
    return bool(getattr(target, "takes_embedding", False))


def is_labeling_only(config: Config) -> bool:
    """Whether the run labels images by an embedding, and trains nothing.

    Args:
        config: Completed.

    Returns:
        Whether that is so.
    """
    return embeds_without_a_teacher(config) and not config["rounds"]["students"]


def knows_labels_alone(config: Config) -> bool:
    """Whether what a run learns of the classes comes from the labeled images alone. Nothing is called.

    Args:
        config: Completed.

    Returns:
        True if its labeler says so, or if it has none and its method takes no view of unlabeled images.
    """
    if labeler := config["labeler"]:
        return bool(getattr(locate(labeler["_target_"], "labeler._target_"), "labels_alone", False))
    return not getattr(locate(config["method"]["_target_"], "method._target_"), "views", ())


def first_trained_round(config: Config) -> int | None:
    """The first round that trains a network.

    Args:
        config: Completed.

    Returns:
        Its number; None if no round does.
    """
    if is_labeling_only(config):
        return None
    return 1 if embeds_without_a_teacher(config) or config["rounds"]["labels"] else 0


def _completed_node(where: str, node: Mapping[str, Any] | None, injected: tuple[str, ...]) -> Config | None:
    if where in OPTIONAL_NODES and node is None:
        return None
    if "_target_" not in (node or {}):
        option = "method@teacher" if where == "teacher" else where
        raise SemisupError(f"{where} must be chosen; write {option}=... on the command line.")
    assert node is not None
    target = locate(node["_target_"], f"{where}._target_")
    return completed(where, node, [target, *(DATA_TARGETS if where == "data" else ())], injected)


def _check_rounds(config: Config) -> None:
    """Finds what is wrong with a later round before the first one is trained."""
    rounds = Rounds(**config["rounds"])
    _check_labeler(config, rounds)
    if takes_embedding(config):
        _check_embedded_inputs(config)
    if config["embedding"]:
        _check_embedding(config, rounds)
    if is_labeling_only(config) and not _method_reads_targets(config):
        raise SemisupError(
            f"{short_name(config['method']['_target_'])} would train nothing, as the labels come from the embedding "
            "and there are no students: write rounds.students=1, or, for the labels alone, method=cluster_label "
            "rounds.students=0."
        )
    if config["teacher"] and not rounds.students:
        raise SemisupError("a teacher needs students; write rounds.students=1, or choose it as the method.")
    for number in range(min(rounds.students, max(1, len(rounds.backbones))) + 1):  # later rounds are like the last
        build(round_config(config, number)["trainer"])


def _check_labeler(config: Config, rounds: Rounds) -> None:
    labeler = config["labeler"] or {}
    if labeler:
        build(labeler)
    elif rounds.students or rounds.labels:
        raise SemisupError("rounds of students need a labeler; write labeler=confident.")
    for option, value in (("labeler.calibrate", labeler.get("calibrate")), ("rounds.patience", rounds.patience)):
        if value and not config["data"]["validation"]:
            raise SemisupError(f"{option} needs validation images: ask for data.validation.")
    if not rounds.students or _method_reads_targets(config):
        return
    for option, neutral in (("weight", 1), ("weighting", "constant"), ("targets", "hard")):
        if labeler.get(option, neutral) != neutral:
            raise SemisupError(
                f"labeler.{option}={labeler[option]} has no effect: {short_name(config['method']['_target_'])} takes "
                "pseudo-labeled images for labeled ones; write method=self_training, or leave the option out."
            )


def _check_embedded_inputs(config: Config) -> None:
    name, node = short_name(config["backbone"]["_target_"]), config["embedding"]
    if not node:
        raise SemisupError(f"backbone={name} takes the features of a frozen network: write embedding=pretrained.")
    if not embeds_views(node):
        raise SemisupError(f"backbone={name} takes features of a network: write embedding=pretrained or checkpoint.")
    if config["data"]["weak"] or config["data"]["strong"]:
        raise SemisupError(f"data.weak and data.strong make views of images, and {name} takes an embedding.")
    if config["tune"] == "batch_size":
        raise SemisupError(f"tune=batch_size is for backbones that take images, and {name} takes an embedding.")


def _check_embedding(config: Config, rounds: Rounds) -> None:
    if takes_embedding(config) and not embeds_without_a_teacher(config):
        build_embedding(config["embedding"], load_network=None)
        return
    if config["labeler"] is None or "features" not in labeler_reads(config["labeler"]):
        raise SemisupError("an embedding is for a labeler that reads features; write labeler=clusters.")
    if not embeds_without_a_teacher(config):
        return
    build_embedding(config["embedding"], load_network=None)
    if is_labeling_only(config) and (rounds.finetune_steps or config["tune"]):
        option = "rounds.finetune_steps" if rounds.finetune_steps else "tune"
        raise SemisupError(f"{option} is of a training, and without students there is none: write rounds.students=1.")
    if rounds.students > 1:
        raise SemisupError(
            f"rounds.students={rounds.students} would all learn the same labels, as the embedding stays the same: "
            "write rounds.students=1, or embedding=network."
        )
    if config["teacher"] or rounds.labels:
        raise SemisupError("labels come from the embedding or from elsewhere: choose one, or write embedding=network.")


def _method_reads_targets(config: Config) -> bool:
    return bool(getattr(locate(config["method"]["_target_"]), "uses_pseudo_label_targets", True))
