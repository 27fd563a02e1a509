"""Folders of finished runs, written by hand as far as a comparison reads them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from semisup.reports.comparison.comparison import Comparison, compare
from semisup.reports.comparison.groups import grouped
from semisup.runs.found_runs import find_runs

SUPERVISED = {"_target_": "semisup.methods.Supervised", "ema": 0.0}
PSEUDO_LABEL = {"_target_": "semisup.methods.PseudoLabel", "ema": 0.0, "threshold": 0.95}
FIXMATCH = {"_target_": "semisup.methods.FixMatch", "ema": 0.0, "threshold": 0.95}
BASELINE, BETTER = (0.50, 0.52, 0.54), (0.53, 0.54, 0.58)  # by seed


def write(
    folder: Path,
    name: str,
    seed: int = 0,
    accuracy: float = 0.5,
    method: dict[str, Any] = SUPERVISED,
    hits: Sequence[bool] | None = None,
    curves: Sequence[str] = (),
    **more: Any,
) -> Path:
    """A run's folder. hits: which test images it predicts correctly. curves: metrics.csv of each round, in lines."""
    run = folder / name
    run.mkdir(parents=True)
    labels = more.get("labels", 60)
    config = {
        "data": {"_target_": "semisup.data.sources.digits", "labels": labels, **more.get("options", {})},
        "method": method,
        "trainer": {
            "_target_": "semisup.training.trainer.TrainerConfig",
            "max_steps": more.get("max_steps", 12),
            "devices": more.get("devices", 1),
        },
        "logger": {"_target_": "semisup.training.loggers.csv_only"},
        "seed": seed,
        "batch": more.get("batch", {"labeled": 64, "ratio": 7}),
        "overwrite": False,
        "data_dir": more.get("data_dir", "data"),
        "runs_dir": "runs",
    }
    result = {
        "test": {"accuracy": accuracy, "images": more.get("images", 500), "loss": 1.5, "per_class": {"0": accuracy}}
        | ({"open_set": {"auroc": more["auroc"], "unknown_images": 80}} if "auroc" in more else {}),
        "validation": more.get("validation"),
        "pseudo_labels": more.get("pseudo_labels"),
        "rounds": more.get("rounds"),
        "split": {
            "hash": more.get("split", f"{labels} by {seed}"),
            "data_fingerprint": more.get("data", "digits"),
            **({"test_fingerprint": more["test_data"]} if "test_data" in more else {}),
            "labeled": labels - 10,
            "validation": 10,
        },
    }
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    (run / "result.json").write_text(json.dumps(result))
    if hits is not None:
        label = np.zeros(len(hits), np.int64)
        probability = np.array([[1, 0] if hit else [0, 1] for hit in hits], np.float32)
        np.savez(run / "predictions.npz", probability=probability, label=label, index=np.arange(len(hits)))
    for number, curve in enumerate(curves):
        (run / f"round{number}").mkdir()
        (run / f"round{number}" / "metrics.csv").write_text(curve)
    return run


def three_seeds(folder: Path) -> str:
    """Three seeds of supervised training and three of pseudo-labels, on the same splits; gives their parent."""
    for seed, (baseline, better) in enumerate(zip(BASELINE, BETTER, strict=True)):
        write(folder, f"a{seed}", seed, baseline)
        used = {"accuracy": 0.9 + seed / 100, "coverage": 0.5}
        write(folder, f"b{seed}", seed, better, PSEUDO_LABEL, pseudo_labels=used)
    return str(folder)


def groups(*folders: object) -> list[Any]:
    return grouped(find_runs(map(str, folders))[0])


def compared(*folders: object, **options: Any) -> Comparison:
    return compare(find_runs(map(str, folders))[0], **options)
