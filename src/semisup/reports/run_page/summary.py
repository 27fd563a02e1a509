"""What was run, and what came of it: the facts of a run's page in words."""

from dataclasses import dataclass
from typing import Any

from semisup.config.resolve import Config, snake_case
from semisup.core.schema import locate
from semisup.data import Store

Result = dict[str, Any]


@dataclass(frozen=True)
class Fact:
    """A value, what it is called, and what else there is to say of it."""

    name: str
    value: str
    note: str = ""


def title(config: Config, store: Store) -> str:
    return f"{class_name(config['method'])} on {store.name}"


def lead(config: Config, result: Result) -> str:
    """The run in a sentence."""
    split, trained = result["split"], result["rounds"][result["round"]]
    images = f"{split['labeled']:,} labeled and {split['unlabeled']:,} unlabeled images"
    students = sum(record["kind"] == "student" for record in result["rounds"])
    rounds = f"; {students} student{'s' * (students > 1)} in turn" if students else ""
    what = trained.get("network") or trained["kind"].capitalize()  # of a run that only labels
    return f"{what}, {images}, seed {config['seed']}{rounds}."


def headline(result: Result) -> list[Fact]:
    """The numbers that a person looks for first."""
    facts = []
    if test := result["test"]:
        low, high = test["accuracy_interval"]
        interval = f"95 % interval {percent(low)} to {percent(high)}, {count(test['images'], 'image')}"
        facts.append(Fact("test accuracy", percent(test["accuracy"]), interval))
    if validation := result["validation"]:
        low, high = validation["accuracy_interval"]
        where = (
            f"{percent(low)} to {percent(high)}, {count(validation['images'], 'image')}, at step {validation['step']:,}"
        )
        facts.append(Fact("validation accuracy", percent(validation["accuracy"]), where))
    labels = result["pseudo_labels"] or result["rounds"][result["round"]]["labels"]
    if labels and labels["accuracy"] is not None:
        used = f"of the {percent(labels['coverage'])} of the unlabeled images that are used"
        facts.append(Fact("pseudo-labels right", percent(labels["accuracy"]), used))
    return facts


def what_was_run(config: Config, result: Result, store: Store) -> dict[str, list[Fact]]:
    """Data, training and machine, each as a list of facts."""
    return {"Data": _data(config, result, store), "Training": _training(config, result), "Machine": _machine(result)}


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """In the two largest units: 3 h 25 min."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{seconds:.1f} s"


def class_name(node: Config) -> str:
    return str(node["_target_"]).rpartition(".")[2]


def uses_unlabeled(config: Config) -> bool:
    """Whether the method, or a student, sees unlabeled images."""
    method = locate(config["method"]["_target_"])
    alone = not getattr(method, "reads_targets", False) and bool(getattr(method, "views", ()))
    return alone or bool(config["rounds"]["students"])


def unaudited(config: Config, store: Store) -> str:
    """Why there is nothing to say of pseudo-labels."""
    if uses_unlabeled(config) and (store.targets < 0).any():
        return "How good pseudo-labels are cannot be said, as nobody knows the classes of the unlabeled images."
    return "The method uses no pseudo-labels."


def _data(config: Config, result: Result, store: Store) -> list[Fact]:
    split = result["split"]
    per_class = split["labeled_per_class"].values()
    low, high = min(per_class), max(per_class)
    each = f"{low:,} of each class" if low == high else f"{low:,} to {high:,} of each class"
    chooses = "they choose the checkpoint and train nothing" if split["validation"] else "the last checkpoint is tested"
    return [
        Fact("data set", store.name, f"{len(store.classes)} classes, {_inputs(store.shape)}"),
        Fact("labeled", f"{split['labeled']:,}", each),
        Fact("validation", f"{split['validation']:,}", chooses),
        Fact("unlabeled", f"{split['unlabeled']:,}", _use(config, split)),
        Fact("test", f"{len(store.test_images):,}", ""),
        Fact("split", split["hash"][:12], f"{config['data'].get('strategy', '')}, data {store.fingerprint[:12]}"),
    ]


def _use(config: Config, split: dict[str, Any]) -> str:
    """What the method does with unlabeled images."""
    if not uses_unlabeled(config):
        return f"not used by {class_name(config['method'])}"
    if config["rounds"]["students"]:
        return "for the students"
    return "with the labeled ones in the same stream" if split["labeled_in_unlabeled"] and split["unlabeled"] else ""


def _inputs(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"rows of {shape[0]} numbers"
    return f"{shape[2]} × {shape[1]} pixels, {'grey' if shape[0] == 1 else 'colour'}"


def _training(config: Config, result: Result) -> list[Fact]:
    tested = result["rounds"][result["round"]]
    batch = f"{config['batch']['labeled']} labeled"
    ratio = f"{config['batch']['ratio']} unlabeled to each labeled one, for methods that take them"
    rate = f"learning rate {config['optimizer']['lr']:g}" if "lr" in config["optimizer"] else ""
    facts = [
        Fact("method", class_name(config["method"]), ""),
        Fact("network", tested.get("network", "none"), count(tested.get("parameters", 0), "parameter")),
        Fact(
            "steps", f"{result['steps']:,}", f"round {tested['round']}, {tested['kind']}" * (len(result["rounds"]) > 1)
        ),
        Fact("batch", batch, ratio),
        Fact("optimizer", snake_case(config["optimizer"]["_target_"]), rate),
        Fact("seed", str(config["seed"]), ""),
        Fact("time", duration(result["seconds"]), "of training, over all rounds"),
    ]
    if tuned := result.get("tuned"):
        facts.append(Fact("tuned", ", ".join(f"{key} {value:.3g}" for key, value in tuned.items()), ""))
    return facts


def _machine(result: Result) -> list[Fact]:
    hardware = result["hardware"]
    accelerators = ", ".join(hardware["accelerators"]) or "none"
    used = f"{count(hardware['cores'], 'core')}, {count(hardware['threads'], 'thread')}"
    versions = [Fact(name, version) for name, version in result["versions"].items()]
    return [Fact("processor", hardware["processor"], used), Fact("accelerators", accelerators), *versions]
