"""Measures the candidates of semisup auto, and its choice, on one data set: docs/results/frozen_features.csv.

    python scripts/frozen_features.py name=eurosat data=folder data.path=eurosat labels=2/class,4/class seeds=5
    python scripts/frozen_features.py table
    python scripts/frozen_features.py name=eurosat methods=all auto=0 out=docs/results/all_methods.csv data=folder ...

Each seed draws another split and, in a data set without test images, another fifth of each class for the test. Each
line of the CSV is a seed: the test accuracy of one candidate, of logistic regression on the same features, or of what
auto has chosen (auto=N: of the first N seeds only). Further words are options of semisup train.
Lines that are there are not measured again.
methods=all measures every method without rounds, with its defaults, in the place of the candidates:
experiment=frozen_supervised method=NAME.
"""

import csv
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from semisup.auto.average import AVERAGE, average_labels
from semisup.auto.cross_validation import cross_validate
from semisup.auto.folds import cross_validation_folds
from semisup.auto.outlook import temperature
from semisup.auto.runner import TrialRunner
from semisup.auto.scores import choose, finalists
from semisup.auto.trial import Candidate, open_candidates, predict
from semisup.cli.auto import CANDIDATES, compose_candidates
from semisup.cli.overrides import CONF, compose
from semisup.config.nodes import load_data
from semisup.config.resolve import complete
from semisup.core.errors import exit_code
from semisup.data import Split, Store
from semisup.metrics.statistics import Estimate
from semisup.runs.run import configure_process, open_data

OUT = Path(__file__).resolve().parent.parent / "docs" / "results" / "frozen_features.csv"
COLUMNS = ("data", "labels", "seed", "candidate", "accuracy", "seconds", "chosen")
TEST = 0.2  # of each class
OWN = {"name": "", "labels": "4/class", "seeds": "5", "auto": "5", "out": str(OUT), "candidates": ",".join(CANDIDATES)}
OWN["methods"] = ""  # all, or names


def main(words: list[str]) -> int:
    if words[:1] == ["table"]:
        return exit_code(lambda: print(table(_read(Path(words[1] if words[1:] else OUT)))))
    own = {key: value for key, _, value in (word.partition("=") for word in words) if key in OWN}
    rest = [word for word in words if word.partition("=")[0] not in OWN]
    return exit_code(lambda: measure({**OWN, **own}, rest))


def measure(own: dict[str, str], words: list[str]) -> None:
    configure_process()
    names, out = own["candidates"].split(","), Path(own["out"])
    composed = _compose_methods(own["methods"], words) if own["methods"] else compose_candidates(words, names)
    configs = {name: complete(config) for name, config in composed.items()}
    names = [name for name in configs if name != AVERAGE]
    base, console = configs[names[0]], Console()
    _, store = open_data(base, console)
    for labels in own["labels"].split(","):
        for seed in range(int(own["seeds"])):
            known = [row for row in _read(out) if _key(row) == (own["name"], labels, str(seed))]
            all_names = [
                *(name for name in names if name != AVERAGE),
                "logistic_regression",
                *(["auto"] if seed < int(own["auto"]) else []),
            ]
            accuracy = {row["candidate"]: float(row["accuracy"]) for row in known}
            if missing := [name for name in all_names if name not in accuracy]:
                seeded = {n: {**c, "seed": seed, "data": {**c["data"], "labels": labels}} for n, c in configs.items()}
                for row in _measure(seeded, _with_test(store, seed), missing, accuracy):
                    _append(out, {"data": own["name"], "labels": labels, "seed": seed, **row})
                    console.print(own["name"], labels, seed, row)


def table(rows: list[dict[str, str]]) -> str:
    """A Markdown table for each data set: mean and standard deviation over seeds, in %, and what auto chose."""
    parts = []
    for data in dict.fromkeys(row["data"] for row in rows):
        mine = [row for row in rows if row["data"] == data]
        columns = list(dict.fromkeys(row["labels"] for row in mine))
        lines = [f"| {data} | {' | '.join(columns)} |", "|---|" + "---|" * len(columns)]
        for candidate in dict.fromkeys(row["candidate"] for row in mine):
            cells = [[r for r in mine if (r["candidate"], r["labels"]) == (candidate, labels)] for labels in columns]
            lines.append(f"| {candidate} | {' | '.join(map(_cell, cells))} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _compose_methods(names: str, words: list[str]) -> dict[str, dict[str, Any]]:
    """The config of each method on frozen features, with its defaults; all: those that train without a labeler."""
    wanted = sorted(file.stem for file in (CONF / "method").glob("*.yaml")) if names == "all" else names.split(",")
    implied = ["experiment=frozen_supervised", "data.validation=0"]
    averaged = {name: ["method.ema=.99"] for name in ("ict", "mean_teacher")}  # whose teacher is the moving average
    configs = {name: compose([*implied, f"method={name}", *averaged.get(name, []), *words]) for name in wanted}
    return {name: config for name, config in configs.items() if not config.get("labeler")}


def _cell(rows: list[dict[str, str]]) -> str:
    estimate = Estimate.of([100 * float(row["accuracy"]) for row in rows]) if rows else None
    chosen = Counter(row["chosen"] for row in rows if row["chosen"])
    text = "" if estimate is None else f"{estimate.mean_and_sd} ({estimate.seeds})"
    return f"{text} {', '.join(f'{count} {name}' for name, count in chosen.items())}".strip()


def _measure(
    configs: dict[str, Any], store: Store, missing: list[str], accuracy: dict[str, float]
) -> Iterator[dict[str, Any]]:
    """The rows that are missing: of candidates, logistic regression, and what cross-validation chooses."""
    base = next(iter(configs.values()))
    split = load_data(base, store).split
    candidates = open_candidates(configs, store, split)
    student = candidates.pop(AVERAGE, None)
    tests = replace(store, images=store.test_images)
    for name in missing:
        started, chosen = time.perf_counter(), ""
        if name == "auto":
            logits, chosen = _auto(candidates, student, split, base["seed"], tests)
            accuracy[name] = float((logits.argmax(-1) == store.test_targets).mean())
        elif name == "logistic_regression":
            accuracy[name] = _logistic_regression(store, split.labeled)
        else:
            logits = predict(candidates[name].train(split), tests, np.arange(len(store.test_images)))
            accuracy[name] = float((logits.argmax(-1) == store.test_targets).mean())
        seconds = time.perf_counter() - started
        yield {"candidate": name, "accuracy": accuracy[name], "seconds": seconds, "chosen": chosen}


def _auto(
    candidates: dict[str, Candidate], student: Candidate | None, split: Split, seed: int, tests: Store
) -> tuple[NDArray[np.float32], str]:
    """What semisup auto predicts, and what it has chosen."""
    label = next(iter(candidates.values())).store.targets
    repeats = cross_validation_folds(split, label[split.labeled], folds=5, repeats=2, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        runner = TrialRunner(candidates, Path(folder))
        trials = cross_validate(runner, repeats)
        fitted = {name: temperature(trials[name], label) for name in finalists(trials, label)}
        if student and len(fitted) > 1:
            chosen, method = f"mean of {len(fitted)}", student.train(split, average_labels(runner, fitted, split))
        else:
            chosen = choose(trials, label)
            method = candidates[chosen].train(split)
    return predict(method, tests, np.arange(len(tests.images))), chosen


def _logistic_regression(store: Store, labeled: np.ndarray) -> float:
    """scikit-learn's, on the plain view scaled to length 1. Cross-validation chooses C where that is possible."""
    from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
    from sklearn.preprocessing import normalize

    features, label = normalize(store.images[labeled, 0].astype(np.float64)), store.targets[labeled]
    least = int(np.bincount(label).min())
    if least < 2:
        model = LogisticRegression(C=100, max_iter=2000)
    else:
        model = LogisticRegressionCV(Cs=np.logspace(-1, 4, 6), cv=min(5, least), max_iter=2000)
    model.fit(features, label)
    return float((model.predict(normalize(store.test_images[:, 0].astype(np.float64))) == store.test_targets).mean())


def _with_test(store: Store, seed: int) -> Store:
    """The store with a test set in the plain view: its own, or a fifth of each class."""
    if len(store.test_images):
        return store
    rng = np.random.default_rng([seed, 0x7E57])
    test = np.zeros(len(store.images), bool)
    for c in range(len(store.classes)):
        rows = np.flatnonzero(store.targets == c)
        test[rng.choice(rows, round(TEST * len(rows)), replace=False)] = True
    images = np.asarray(store.images)
    return replace(
        store,
        images=images[~test],
        targets=store.targets[~test],
        test_images=images[test][:, :1],
        test_targets=store.targets[test],
        labelable=int((~test).sum()),
    )


def _key(row: dict[str, str]) -> tuple[str, str, str]:
    return row["data"], row["labels"], row["seed"]


def _read(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _append(file: Path, row: dict[str, Any]) -> None:
    is_new = not file.exists()
    with file.open("a", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow({**row, "accuracy": f"{row['accuracy']:.4f}", "seconds": f"{row['seconds']:.1f}"})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
