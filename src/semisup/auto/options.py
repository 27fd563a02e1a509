"""What `semisup auto` is asked for: the candidates, how they are compared, and where the job is kept."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from semisup.auto.average import AVERAGE
from semisup.config import Config
from semisup.config.identity import data_and_labels, run_identity
from semisup.config.resolve import takes_embedding
from semisup.core.errors import SemisupError
from semisup.core.ranges import PositiveInt, enforce_ranges


@enforce_ranges
@dataclass(frozen=True)
class AutoOptions:
    """How candidates are compared.

    Args:
        folds: Of each repeat of the cross-validation.
        repeats: How often the labeled images are dealt out to folds.
        default: The candidate that is taken where no image can be held out; the second if there is no such.
    """

    folds: PositiveInt = 5
    repeats: PositiveInt = 2
    default: str = "pseudo_label"

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise SemisupError("folds=1 holds out all labels: write folds=2 or more.")


def job_folder(candidates: Mapping[str, Config], options: AutoOptions) -> Path:
    """The folder of a job, such as runs/photos-auto-seed0-1a2b3c4d.

    Args:
        candidates: Completed configs by name.
        options: Of the comparison.

    Returns:
        The path; its name ends with a hash of all of them.
    """
    what = [{name: run_identity(config) for name, config in candidates.items()}, vars(options)]
    digest = hashlib.sha256(json.dumps(what, default=str).encode()).hexdigest()[:8]  # their order counts
    base = next(iter(candidates.values()))
    return Path(base["runs_dir"]) / f"{data_and_labels(base['data'])}-auto-seed{base['seed']}-{digest}"


def check_candidates(candidates: Mapping[str, Config]) -> None:
    """Refuses candidates that cannot be compared.

    Args:
        candidates: Completed configs by name.

    Raises:
        SemisupError: If there is one alone, or if they do not share what they must.
    """
    if len(candidates) - (AVERAGE in candidates) < 2:
        raise SemisupError("auto compares candidates: name two at least beside average, the labels alone first.")
    base = next(iter(candidates.values()))
    for name, config in candidates.items():
        if not takes_embedding(config):
            raise SemisupError(f"candidate {name} trains on images: auto is for backbone=linear or mlp_head.")
        for node in ("data", "embedding", "seed", "data_dir", "runs_dir"):
            if config[node] != base[node]:
                raise SemisupError(f"candidate {name} has another {node} than the others: they must share it.")
    if base["data"]["validation"]:
        raise SemisupError("auto spends no labels on validation images: leave data.validation out.")
    if base["trainer"]["devices"] not in (1, "auto"):
        raise SemisupError("auto trains on one device: leave trainer.devices out.")
