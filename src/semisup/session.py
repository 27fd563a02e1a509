"""The rounds of a run: teacher, students, fine-tuning, each trained once and then on record."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch.loggers import Logger
from rich.console import Console

from semisup import config as configuration
from semisup import show
from semisup.audit import Audit, quality
from semisup.config import Config, embeds_without_a_teacher, fine_tuning_config, reads, round_config, snake_case
from semisup.data import Split, SSLDataModule, Store
from semisup.environment import rank, wait_for, write_whole
from semisup.errors import SemisupError
from semisup.fitting import fit, make_loggers, make_method, restore, test, validate
from semisup.labelers import Labels
from semisup.labelers.files import read_labels, write_labels
from semisup.labeling import Columns, embedded, label, predictions, warning, with_labels
from semisup.methods import Method
from semisup.rounds import Rounds, best, rounds_since_best

Record = dict[str, Any]
LABELS = "pseudo_labels.parquet"


@dataclass
class Session:
    """Trains what is left to be trained of a run in its folder.

    A round's record, round{r}/round.json, is written when its network is trained and has labeled the images; from then
    on the round is only read.
    """

    config: Config
    store: Store
    split: Split
    folder: Path
    console: Console
    records: list[Record] = field(default_factory=list)
    configs: list[Config] = field(default_factory=list)
    loggers: dict[int, list[Logger]] = field(default_factory=dict)

    @property
    def several(self) -> bool:
        """Whether more than one round is asked for."""
        return bool(self.config["rounds"]["students"] or self.config["rounds"]["finetune_steps"])

    def train(self) -> list[Record]:
        """The records of all rounds."""
        rounds = Rounds(**self.config["rounds"])
        for number in range(rounds.students + 1):
            if reason := self._over(rounds):
                self.console.print(reason)
                break
            self._round(number, round_config(self.config, number))
        if rounds.finetune_steps:
            chosen = best(self.records)
            self._round(len(self.records), fine_tuning_config(self.config, chosen, len(self.records)), tunes=chosen)
        return self.records

    def test(self, number: int) -> dict[str, Any] | None:
        """The figures of the test set, by the network that validation chose in a round."""
        config, folder = self.configs[number], self.folder / f"round{number}"
        method, data = make_method(config, self.store), self._data(config)
        restore(method, folder)
        loggers = self.loggers.get(number) or make_loggers(config, folder)
        figures = test(
            method, data, configuration.build(config["trainer"]), loggers, self.folder, self.records[number]["steps"]
        )
        for logger in loggers:
            logger.finalize("success")
        return figures

    def _over(self, rounds: Rounds) -> str | None:
        """Why no further student is trained, if so."""
        if not self.records:
            return None
        labels, last = self.records[-1]["labels"], len(self.records) - 1
        if self.records[-1]["warning"]:
            show.warn(self.console, self.records[-1]["warning"])
        if not labels["kept"]:
            return "there is nothing to learn from: no further round."
        if rounds.patience and rounds_since_best(self.records) >= rounds.patience:
            return f"no better validation accuracy for {rounds.patience} rounds: no further round."
        if rounds.tolerance is not None and labels["changed"] is not None and labels["changed"] <= rounds.tolerance:
            return f"round {last} changed {labels['changed']:.2%} of the pseudo-labels: no further round."
        return None

    def _round(self, number: int, config: Config, tunes: int | None = None) -> None:
        """Trains a round, or reads its record. tunes: the round whose network is fine-tuned; None = a fresh one."""
        folder = self.folder / f"round{number}"
        file = folder / "round.json"
        self.configs.append(config)
        before = self._labels(number - 1) if number and tunes is None else None
        given = self.config["rounds"]["labels"] if number == 0 else None
        if rank() == 0:
            folder.mkdir(exist_ok=True)
            if before is not None:
                self._check_source(self.folder / f"round{number - 1}" / LABELS, number)
            elif given and file.exists():
                self._check_source(Path(given), number)
        if not file.exists():
            if given:
                record = self._read(Path(given))
            elif number == 0 and embeds_without_a_teacher(config):
                record = self._embed(config)
            else:
                record = self._fit(number, config, before, tunes)
            if rank() == 0:
                write_whole(file, json.dumps(record, indent=1))
        wait_for(file)
        self.records.append(json.loads(file.read_text()))
        show.round_record(self.console, self.records[-1], several=self.several)

    def _fit(self, number: int, config: Config, before: Labels | None, tunes: int | None) -> Record:
        folder, method, data = self.folder / f"round{number}", make_method(config, self.store), self._data(config)
        training = configuration.build(config["trainer"])
        audit = Audit(self._truth(), self.store.classes, training.every)
        if tunes is not None:
            teacher = make_method(self.configs[tunes], self.store)
            restore(teacher, self.folder / f"round{tunes}")
            method.start_from(teacher)
        student_data = data if before is None else with_labels(data, before)
        checkpoints, self.loggers[number] = fit(method, student_data, folder, audit, config, self.console)
        step = restore(method, folder)
        labels = None
        if config["labeler"] and not embeds_without_a_teacher(config):
            labels = self._label(folder, data, method)
        if rank():
            return {}
        validation = validate(method, data, training)
        return {
            "round": number,
            "kind": self._kind(number, tunes),
            "method": snake_case(config["method"]["_target_"]),
            "network": type(method.network).__name__,
            "parameters": sum(p.numel() for p in method.network.parameters()),
            "steps": checkpoints.step,
            "validation": validation and {**validation, "step": step},
            "pseudo_labels": audit.reading or (self.records[number - 1]["labels"] if before is not None else None),
            "labels": labels and self._quality(labels, before),
            "warning": labels and warning(labels, self.store.classes),
            "seconds": round(checkpoints.seconds, 1),
        }

    def _kind(self, number: int, tunes: int | None) -> str:
        if tunes is not None:
            return f"fine-tuning of round {tunes}"
        if number:
            return "student"
        return "teacher" if self.config["rounds"]["students"] else "training"

    def _read(self, given: Path) -> Record:
        """A round that trains nothing: its pseudo-labels come from a file."""
        if not given.exists():
            raise SemisupError(f"there is no {given}.")
        labels = read_labels(given, self.store, self.split.unlabeled)
        if rank() == 0:
            self._check_source(given, 0)
            write_labels(self.folder / "round0" / LABELS, self.store, self.split.unlabeled, labels, self.split.hash)
        if not labels.weight.any():
            raise SemisupError(f"{given} keeps none of the {len(self.split.unlabeled):,} unlabeled images.")
        return self._untrained(f"pseudo-labels of {given.name}", labels)

    def _embed(self, config: Config) -> Record:
        """A round that trains nothing: its pseudo-labels come from an embedding that needs no network of this run."""
        labels = self._label(self.folder / "round0", self._data(config))
        names = (snake_case(config[node]["_target_"]) for node in ("labeler", "embedding"))
        return self._untrained("{} of {}".format(*names), labels)

    def _label(self, folder: Path, data: SSLDataModule, method: Method | None = None) -> Labels:
        """The pseudo-labels that a round leaves. method: trained in it, if any."""
        labeler, node = self.config["labeler"], self.config["embedding"]
        known: Callable[[], Columns]
        if node and method is None:
            cache = Path(self.config["data_dir"]).expanduser() / "embeddings"
            known = partial(embedded, configuration.build(node), data, cache)
        elif node:
            known = partial(embedded, configuration.build(node, source=method), data, folder / "embeddings")
        else:
            assert method is not None
            training = configuration.build(self.config["trainer"])
            known = partial(predictions, method, data, training, reads(labeler))
        return label(configuration.build(labeler), known, data, folder / LABELS)

    def _untrained(self, kind: str, labels: Labels) -> Record:
        return {
            "round": 0,
            "kind": kind,
            "steps": 0,
            "validation": None,
            "pseudo_labels": None,
            "labels": self._quality(labels, None),
            "warning": warning(labels, self.store.classes),
            "seconds": 0.0,
        }

    def _quality(self, labels: Labels, before: Labels | None) -> Record:
        return quality(labels, self._truth()[self.split.unlabeled], self.store.classes, before)

    def _labels(self, number: int) -> Labels:
        file = self.folder / f"round{number}" / LABELS
        return read_labels(file, self.store, self.split.unlabeled, self.split.hash)

    def _check_source(self, source: Path, number: int) -> None:
        """Writes down which pseudo-labels a round began with, or refuses to go on with others."""
        digest, file = hashlib.sha256(source.read_bytes()).hexdigest(), self.folder / f"round{number}" / "labels.sha256"
        if not file.exists():
            write_whole(file, digest)
        elif file.read_text() != digest:
            record = f", {source.parent / 'round.json'}" if number else ""
            raise SemisupError(
                f"{source} has changed since round {number} began with it: to train again with the new pseudo-labels, "
                f"delete {self.folder / f'round{number}'}, the rounds after it{record} and result.json."
            )

    def _data(self, config: Config) -> SSLDataModule:
        return configuration.load_data(config, self.store, self.split)

    def _truth(self) -> Any:
        """The hidden classes, for the audit alone."""
        truth = np.full_like(self.store.targets, -1)
        truth[self.split.unlabeled] = self.store.targets[self.split.unlabeled]
        return truth
