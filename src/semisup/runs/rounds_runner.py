"""The rounds of a run: teacher, students, fine-tuning, each trained once and then recorded."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from rich.console import Console

from semisup.config import Config
from semisup.config.identity import short_name
from semisup.config.nodes import build, load_data
from semisup.config.resolve import embeds_without_a_teacher, first_trained_round
from semisup.config.rounds import Rounds, best_round, fine_tuning_config, round_config, rounds_since_best
from semisup.core.atomic_files import atomic_write_text
from semisup.core.damaged_files import checked, read_json
from semisup.core.distributed import rank, wait_for
from semisup.core.errors import SemisupError
from semisup.core.terminal import warn
from semisup.data import Split, SSLDataModule, Store
from semisup.labelers import Labels
from semisup.methods import Method
from semisup.runs import console as show
from semisup.runs.labeling import with_labels
from semisup.runs.round_labels import RoundLabels
from semisup.training.audit import Audit
from semisup.training.fit import fit, load_best_weights, log_test, make_loggers, make_method, test, validate

Record = dict[str, Any]


@dataclass
class RoundsRunner:
    """Trains the rounds of a run that are not trained yet.

    A round's record, RUN/round{r}/round.json, is written when its network is trained and has labeled the images. From
    then on the round is only read.

    Args:
        config: The run's, completed.
        store: The data set.
        split: The run's.
        folder: The run's.
        console: For progress, records and warnings.
        first_method: That of the first trained round, if it is made already: its weights are those of the seed.
        brief: Whether less is printed, as in a sweep.
    """

    config: Config
    store: Store
    split: Split
    folder: Path
    console: Console
    first_method: Method | None = None
    brief: bool = False
    records: list[Record] = field(default_factory=list, init=False)
    configs: list[Config] = field(default_factory=list, init=False)
    loggers: dict[int, list[Logger]] = field(default_factory=dict, init=False)
    best_method: tuple[int, Method] | None = field(default=None, init=False)  # of the best round, if it was trained now

    def __post_init__(self) -> None:
        self.labels = RoundLabels(self.config, self.store, self.split, self.folder)

    def train(self) -> list[Record]:
        """Trains all rounds.

        Returns:
            Their records.
        """
        rounds = Rounds(**self.config["rounds"])
        for number in range(rounds.students + 1):
            if reason := self._reason_to_stop(rounds):
                self.console.print(reason)
                break
            self._run_round(number, round_config(self.config, number))
        chosen = best_round(self.records)
        if rounds.finetune_steps and self.records[chosen]["steps"]:
            number = len(self.records)
            self._run_round(number, fine_tuning_config(self.config, chosen, number), tuned_round=chosen)
        return self.records

    def test(self, number: int) -> dict[str, Any] | None:
        """Evaluates a round's network, in the form that validation chose, on the test set.

        Args:
            number: The round's.

        Returns:
            As `summary` gives it; None if the round trained no network, or if there is no test set.
        """
        if not self.records[number]["steps"]:
            return None
        config = self.configs[number]
        return test(self._trained_method(number), self._data(config), build(config["trainer"]), self.folder)

    def log_test(self, number: int, accuracy: float) -> None:
        """Sends the outcome of the test to the loggers. The result is on disk: what fails here costs the curves alone.

        Args:
            number: The round's that was tested.
            accuracy: On the test set.
        """
        try:
            made = self.loggers.get(number) or make_loggers(self.configs[number], self._folder(number), self.console)
        except SemisupError as error:
            warn(self.console, f"the test accuracy was not logged: {error}")
        else:
            log_test(made, accuracy, self.folder, self.store.classes, self.records[number]["steps"])

    def _reason_to_stop(self, rounds: Rounds) -> str | None:
        """Why no further student is trained, if so."""
        if not self.records:
            return None
        labels, last = self.records[-1]["labels"], len(self.records) - 1
        if self.records[-1]["warning"]:
            warn(self.console, self.records[-1]["warning"])
        if not labels["kept"]:
            return "there is nothing to learn from: no further round."
        if rounds.patience and rounds_since_best(self.records) >= rounds.patience:
            return f"no better validation accuracy for {rounds.patience} rounds: no further round."
        if rounds.tolerance is not None and labels["changed"] is not None and labels["changed"] <= rounds.tolerance:
            return f"round {last} changed {labels['changed']:.2%} of the pseudo-labels: no further round."
        return None

    def _run_round(self, number: int, config: Config, tuned_round: int | None = None) -> None:
        """Trains a round, or reads its record. tuned_round: whose network is trained further."""
        file = self._folder(number) / "round.json"
        self.configs.append(config)
        before = self.labels.read(number - 1) if number and tuned_round is None else None
        self._check_labels(number, before, is_recorded=file.exists())
        method: Method | None = None
        if not file.exists():
            if number == 0 and first_trained_round(self.config) != 0:
                record = self._label_only(config)
            else:
                method = self._new_method(number, tuned_round)
                record = self._fit(number, method, before, tuned_round)
            if rank() == 0:
                atomic_write_text(file, json.dumps(record, indent=1))
        wait_for(file)
        remedy = "delete it, and the same command writes it again"
        self.records.append(read_json(file, remedy))
        with checked(file, remedy):
            if best_round(self.records) == number:
                self.best_method = None if method is None else (number, method)
            show.round_record(self.console, self.records[-1], several=self._several())

    def _check_labels(self, number: int, before: Labels | None, is_recorded: bool) -> None:
        """Makes the round's folder, and refuses labels that have changed since the round started with them."""
        source = self.config["rounds"]["labels"]
        if rank() == 0:
            self._folder(number).mkdir(exist_ok=True)
            if before is not None:
                self.labels.check_source(self.labels.file(number - 1), number)
            elif source and number == 0 and is_recorded:
                self.labels.check_source(Path(source), number)

    def _label_only(self, config: Config) -> Record:
        """Round 0 of a run that starts with labels: from a file, or from an embedding."""
        started, source = time.perf_counter(), self.config["rounds"]["labels"]
        if source:
            labels, kind, seconds = (
                self.labels.import_labels(Path(source)),
                f"pseudo-labels of {Path(source).name}",
                0.0,
            )
        else:
            labeler, embedding = (short_name(config[node]["_target_"]) for node in ("labeler", "embedding"))
            labels, kind = self.labels.make(0, self._data(config)), f"{labeler} of {embedding}"
            seconds = time.perf_counter() - started
        return {
            "round": 0,
            "kind": kind,
            "steps": 0,
            "validation": None,
            "pseudo_labels": None,
            **self.labels.evaluate(0, labels),
            "seconds": round(seconds, 1),
        }

    def _fit(self, number: int, method: Method, before: Labels | None, tuned_round: int | None) -> Record:
        """Trains and validates a method, and labels images with it."""
        config, folder = self.configs[number], self._folder(number)
        data, training = self._data(config), build(config["trainer"])
        audit = Audit(self.labels.hidden(), self.store.classes, training.evaluation_interval)
        student_data = data if before is None else with_labels(data, before)
        checkpoints, self.loggers[number] = fit(method, student_data, folder, audit, config, self.console, self.brief)
        step = load_best_weights(method, folder)
        labels = None
        if config["labeler"] and not embeds_without_a_teacher(config):
            labels = self.labels.make(number, data, method)
        if rank():
            return {}
        validation = validate(method, data, training)
        return {
            "round": number,
            "kind": self._kind(number, tuned_round),
            "method": short_name(config["method"]["_target_"]),
            "network": type(method.network).__name__,
            "parameters": sum(p.numel() for p in method.network.parameters()),
            "steps": checkpoints.step,
            "validation": validation and {**validation, "step": step},
            "pseudo_labels": audit.last_report or (self.records[number - 1]["labels"] if before is not None else None),
            "use": audit.last_use,
            **self.labels.evaluate(number, labels, before),
            "seconds": round(checkpoints.seconds, 1),
        }

    def _new_method(self, number: int, tuned_round: int | None) -> Method:
        """The method of a round before its training."""
        if self.first_method is not None and number == first_trained_round(self.config):
            method, self.first_method = self.first_method, None
            return method
        method = make_method(self.configs[number], self.store)
        if tuned_round is not None:
            method.load_weights_from(self._trained_method(tuned_round))
        return method

    def _trained_method(self, number: int) -> Method:
        """The method of a round with the weights that validation chose."""
        if self.best_method is not None and self.best_method[0] == number:
            return self.best_method[1]
        method = self._new_method(number, tuned_round=None)
        load_best_weights(method, self._folder(number))
        return method

    def _kind(self, number: int, tuned_round: int | None) -> str:
        if tuned_round is not None:
            return f"fine-tuning of round {tuned_round}"
        if number:
            return "student"
        return "teacher" if self.config["rounds"]["students"] else "training"

    def _several(self) -> bool:
        return bool(self.config["rounds"]["students"] or self.config["rounds"]["finetune_steps"])

    def _data(self, config: Config) -> SSLDataModule:
        return load_data(config, self.store, self.split)

    def _folder(self, number: int) -> Path:
        return self.folder / f"round{number}"
