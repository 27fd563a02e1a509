"""The summary of a run's page: what was run, and what came of it."""

from dataclasses import dataclass
from typing import Any

from semisup.config import Config
from semisup.config.identity import short_name
from semisup.core.schema import locate
from semisup.core.text import duration
from semisup.data import Store
from semisup.data.store import UNKNOWN

Result = dict[str, Any]


@dataclass(frozen=True)
class SummaryItem:
    """A value with its name.

    Args:
        name: What the value is.
        value: The value as text.
        note: What else there is to say about it.
    """

    name: str
    value: str
    note: str = ""


def page_title(config: Config, store: Store) -> str:
    """The title of the page.

    Args:
        config: The run's config.
        store: Its data set.

    Returns:
        Method and data set.
    """
    return f"{target_name(config['method'])} on {store.name}"


def lead(config: Config, result: Result) -> str:
    """The run in one sentence.

    Args:
        config: The run's config.
        result: Its result.

    Returns:
        The sentence.
    """
    split, trained = result["split"], result["rounds"][result["round"]]
    images = f"{split['labeled']:,} labeled and {split['unlabeled']:,} unlabeled images"
    students = sum(record["kind"] == "student" for record in result["rounds"])
    rounds = f"; {students} student{'s' * (students > 1)} in turn" if students else ""
    what = trained.get("network") or trained["kind"].capitalize()  # of a run that only labels
    return f"{what}, {images}, seed {config['seed']}{rounds}."


def headline(result: Result) -> list[SummaryItem]:
    """The numbers that a person looks for first.

    Args:
        result: The run's result.

    Returns:
        Accuracies with their intervals.
    """
    items = []
    if test := result["test"]:
        low, high = test["accuracy_interval"]
        interval = f"95 % interval {percent(low)} to {percent(high)}, {count(test['images'], 'image')}"
        items.append(SummaryItem("test accuracy", percent(test["accuracy"]), interval))
        if open_set := test.get("open_set"):
            by = "the confidence" if open_set["score"] == "confidence" else "the method's detector"
            told = f"{count(open_set['unknown_images'], 'image')} of unknown classes, told from the others by {by}"
            items.append(SummaryItem("AUROC", percent(open_set["auroc"]), told))
    if validation := result["validation"]:
        low, high = validation["accuracy_interval"]
        where = (
            f"{percent(low)} to {percent(high)}, {count(validation['images'], 'image')}, at step {validation['step']:,}"
        )
        items.append(SummaryItem("validation accuracy", percent(validation["accuracy"]), where))
    labels = result["pseudo_labels"] or result["rounds"][result["round"]]["labels"]
    if labels and labels["accuracy"] is not None:
        used = f"of the {percent(labels['coverage'])} of the unlabeled images that are used"
        if labels.get("outlier_share") is not None:
            used += f"; {percent(labels['outlier_share'])} of those in use are of unknown classes"
        items.append(SummaryItem("pseudo-label accuracy", percent(labels["accuracy"]), used))
    return items


def what_was_run(config: Config, result: Result, store: Store) -> dict[str, list[SummaryItem]]:
    """Data, training and machine.

    Args:
        config: The run's config.
        result: Its result.
        store: Its data set.

    Returns:
        The items of each section, by its title.
    """
    return {"Data": _data(config, result, store), "Training": _training(config, result), "Machine": _machine(result)}


def percent(share: float) -> str:
    """A share as text.

    Args:
        share: From 0 to 1.

    Returns:
        As in '12.3 %'.
    """
    return f"{100 * share:.1f} %"


def count(number: int, what: str) -> str:
    """A number of things.

    Args:
        number: How many.
        what: Their name in the singular.

    Returns:
        As in '1,234 images'.
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def target_name(node: Config) -> str:
    """The name of a node's class.

    Args:
        node: With `_target_`.

    Returns:
        The name without its module.
    """
    return str(node["_target_"]).rpartition(".")[2]


def unaudited(config: Config, store: Store) -> str:
    """Why nothing is known about pseudo-labels.

    Args:
        config: The run's config.
        store: Its data set.

    Returns:
        A sentence.
    """
    if _uses_unlabeled(config) and (store.targets == UNKNOWN).any():
        return "The quality of pseudo-labels is unknown, as nobody knows the classes of the unlabeled images."
    return "The method uses no pseudo-labels."


def _uses_unlabeled(config: Config) -> bool:
    """Whether the method, or a student, sees unlabeled images."""
    method = locate(config["method"]["_target_"])
    alone = not getattr(method, "uses_pseudo_label_targets", False) and bool(getattr(method, "views", ()))
    return alone or bool(config["rounds"]["students"])


def _data(config: Config, result: Result, store: Store) -> list[SummaryItem]:
    split = result["split"]
    per_class = split["labeled_per_class"].values()
    low, high = min(per_class), max(per_class)
    each = f"{low:,} of each class" if low == high else f"{low:,} to {high:,} of each class"
    others = len(store.test_images) - len(store.scored)
    outliers = f"and {others:,} of unknown classes" if others else ""
    chooses = "they choose the checkpoint and train nothing" if split["validation"] else "the last checkpoint is tested"
    return [
        SummaryItem("data set", store.name, f"{len(store.classes)} classes, {_inputs(store.shape)}"),
        *([SummaryItem("unknown classes", ", ".join(store.unknown_classes))] if store.unknown_classes else []),
        SummaryItem("labeled", f"{split['labeled']:,}", each),
        SummaryItem("validation", f"{split['validation']:,}", chooses),
        SummaryItem("unlabeled", f"{split['unlabeled']:,}", _use(config, split)),
        SummaryItem("test", f"{len(store.scored):,}", outliers),
        SummaryItem(
            "split", split["hash"][:12], f"{config['data'].get('strategy', '')}, data {store.fingerprint[:12]}"
        ),
    ]


def _use(config: Config, split: dict[str, Any]) -> str:
    """What the method does with unlabeled images."""
    if not _uses_unlabeled(config):
        return f"not used by {target_name(config['method'])}"
    if config["rounds"]["students"]:
        return "for the students"
    return "with the labeled ones in the same stream" if split["labeled_in_unlabeled"] and split["unlabeled"] else ""


def _inputs(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"rows of {shape[0]} numbers"
    return f"{shape[2]} × {shape[1]} pixels, {'gray' if shape[0] == 1 else 'color'}"


def _training(config: Config, result: Result) -> list[SummaryItem]:
    tested = result["rounds"][result["round"]]
    batch = f"{config['batch']['labeled']} labeled"
    ratio = f"{config['batch']['ratio']} unlabeled to each labeled one, for methods that take them"
    rate = f"learning rate {config['optimizer']['lr']:g}" if "lr" in config["optimizer"] else ""
    items = [
        SummaryItem("method", target_name(config["method"]), ""),
        SummaryItem("network", tested.get("network", "none"), count(tested.get("parameters", 0), "parameter")),
        SummaryItem(
            "steps", f"{result['steps']:,}", f"round {tested['round']}, {tested['kind']}" * (len(result["rounds"]) > 1)
        ),
        SummaryItem("batch", batch, ratio),
        SummaryItem("optimizer", short_name(config["optimizer"]["_target_"]), rate),
        SummaryItem("seed", str(config["seed"]), ""),
        SummaryItem("time", duration(result["seconds"]), "of training, over all rounds"),
    ]
    if tuned := result.get("tuned"):
        items.append(SummaryItem("tuned", ", ".join(f"{key} {value:.3g}" for key, value in tuned.items()), ""))
    return items


def _machine(result: Result) -> list[SummaryItem]:
    hardware = result["hardware"]
    accelerators = ", ".join(hardware["accelerators"]) or "none"
    used = f"{count(hardware['cores'], 'core')}, {count(hardware['threads'], 'thread')}"
    versions = [SummaryItem(name, version) for name, version in result["versions"].items()]
    return [SummaryItem("processor", hardware["processor"], used), SummaryItem("accelerators", accelerators), *versions]
