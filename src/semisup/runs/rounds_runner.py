"""The rounds of a run: teacher, students, fine-tuning, each trained once and then on record."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from rich.console import Console

from semisup.config import resolve as configuration
from semisup.config.resolve import Config, embeds_without_a_teacher, fine_tuning_config, round_config, snake_case
from semisup.config.rounds import Rounds, best, rounds_since_best
from semisup.core.atomic_files import atomic_write_text
from semisup.core.distributed import rank, wait_for
from semisup.data import Split, SSLDataModule, Store
from semisup.labelers import Labels
from semisup.runs import console as show
from semisup.runs.labeling import with_labels
from semisup.runs.round_labels import RoundLabels
from semisup.training.audit import Audit
from semisup.training.fit import fit, make_loggers, make_method, restore, test, validate

Record = dict[str, Any]


@dataclass
class RoundsRunner:
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

    def __post_init__(self) -> None:
        self.labels = RoundLabels(self.config, self.store, self.split, self.folder)

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
        chosen = best(self.records)
        if rounds.finetune_steps and self.records[chosen]["steps"]:
            self._round(len(self.records), fine_tuning_config(self.config, chosen, len(self.records)), tunes=chosen)
        return self.records

    def test(self, number: int) -> dict[str, Any] | None:
        """The figures of the test set, by the network that validation chose in a round; None if it trained none."""
        if not self.records[number]["steps"]:
            return None
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
        before = self.labels.read(number - 1) if number and tunes is None else None
        given = self.config["rounds"]["labels"] if number == 0 else None
        if rank() == 0:
            folder.mkdir(exist_ok=True)
            if before is not None:
                self.labels.check_source(self.labels.file(number - 1), number)
            elif given and file.exists():
                self.labels.check_source(Path(given), number)
        if not file.exists():
            if given:
                record = self._untrained(f"pseudo-labels of {Path(given).name}", self.labels.import_labels(Path(given)))
            elif number == 0 and embeds_without_a_teacher(config):
                names = (snake_case(config[node]["_target_"]) for node in ("labeler", "embedding"))
                began = time.perf_counter()
                made = self.labels.make(0, self._data(config))
                record = self._untrained("{} of {}".format(*names), made, time.perf_counter() - began)
            else:
                record = self._fit(number, config, before, tunes)
            if rank() == 0:
                atomic_write_text(file, json.dumps(record, indent=1))
        wait_for(file)
        self.records.append(json.loads(file.read_text()))
        show.round_record(self.console, self.records[-1], several=self.several)

    def _fit(self, number: int, config: Config, before: Labels | None, tunes: int | None) -> Record:
        folder, method, data = self.folder / f"round{number}", make_method(config, self.store), self._data(config)
        training = configuration.build(config["trainer"])
        audit = Audit(self.labels.hidden(), self.store.classes, training.every)
        if tunes is not None:
            teacher = make_method(self.configs[tunes], self.store)
            restore(teacher, self.folder / f"round{tunes}")
            method.load_weights_from(teacher)
        student_data = data if before is None else with_labels(data, before)
        checkpoints, self.loggers[number] = fit(method, student_data, folder, audit, config, self.console)
        step = restore(method, folder)
        labels = None
        if config["labeler"] and not embeds_without_a_teacher(config):
            labels = self.labels.make(number, data, method)
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
            "pseudo_labels": audit.last_report or (self.records[number - 1]["labels"] if before is not None else None),
            **self.labels.evaluate(number, labels, before),
            "seconds": round(checkpoints.seconds, 1),
        }

    def _kind(self, number: int, tunes: int | None) -> str:
        if tunes is not None:
            return f"fine-tuning of round {tunes}"
        if number:
            return "student"
        return "teacher" if self.config["rounds"]["students"] else "training"

    def _untrained(self, kind: str, labels: Labels, seconds: float = 0.0) -> Record:
        """The record of a round that only labels. seconds: that it took."""
        return {
            "round": 0,
            "kind": kind,
            "steps": 0,
            "validation": None,
            "pseudo_labels": None,
            **self.labels.evaluate(0, labels),
            "seconds": round(seconds, 1),
        }

    def _data(self, config: Config) -> SSLDataModule:
        return configuration.load_data(config, self.store, self.split)
