"""Trials in several processes, where that takes less time. Each opens the data set for itself and writes its trials."""

import os
import pickle
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from semisup.auto.folds import Fold
from semisup.auto.trial import Candidate, Trial, run_trial

Task = tuple[str, Fold]  # a candidate, and what it is tried on
# What another process must have to do. Its start, with the imports, takes about a third of that.
WORTHWHILE = 30.0  # seconds


@dataclass
class TrialRunner:
    """Runs trials, and starts further processes when enough is left to do.

    Args:
        candidates: By name. All have the same store.
        folder: Where trials are kept, a folder for each candidate.
        processes: How many at most, this one included. More than one needs a store that the candidates' configs open.
    """

    candidates: Mapping[str, Candidate]
    folder: Path
    processes: int = 1

    def __post_init__(self) -> None:
        self._others: list[subprocess.Popen[bytes]] = []

    def run(self, tasks: Sequence[Task], shown: Callable[[int], None] = lambda done: None) -> list[Trial]:
        """Runs trials. Their figures do not depend on the number of processes.

        What another process cannot do, for whatever reason, is done in this one, which then says what is wrong.

        Args:
            tasks: What to run.
            shown: Is told how many are done.

        Returns:
            A trial for each task.
        """
        waiting, done = deque(tasks), list[Task]()
        threads, began = list[Thread](), time.perf_counter()
        with _one_thread(self.processes > 1):
            while waiting:
                if not threads:
                    left = len(waiting) * (time.perf_counter() - began) / max(1, len(done))
                    threads = self._share(waiting, done, min(self.processes - 1, int(left / WORTHWHILE)))
                with suppress(IndexError):  # another process may just have taken the last one
                    task = waiting.popleft()
                    self._trial(task)
                    done.append(task)
                    shown(len(done))
            for thread in threads:
                thread.join()
            return [self._trial(task) for task in tasks]  # reads them

    def close(self) -> None:
        """Ends the other processes, and what they are doing."""
        for process in self._others:
            process.kill()
            process.communicate()

    def _trial(self, task: Task) -> Trial:
        name, fold = task
        return run_trial(self.candidates[name], fold, self.folder / name)

    def _share(self, waiting: "deque[Task]", done: list[Task], count: int) -> list[Thread]:
        """Has other processes work, too, if `count` is above 0."""
        self._others += [self._start() for _ in range(count - len(self._others))]
        threads = [Thread(target=_feed, args=(p, waiting, done), daemon=True) for p in self._others]
        for thread in threads:
            thread.start()
        return threads

    def _start(self) -> "subprocess.Popen[bytes]":
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        process = subprocess.Popen(
            [sys.executable, "-m", "semisup.auto.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what fails there is done again here
            env={**os.environ, **one, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        fingerprint = next(iter(self.candidates.values())).store.fingerprint
        configs = {name: candidate.config for name, candidate in self.candidates.items()}
        tell(process.stdin, (configs, self.folder, fingerprint))
        return process


def tell(stream: Any, what: Any) -> None:
    """Sends an object to the process at the other end.

    Args:
        stream: A pipe to it.
        what: Anything that can be pickled.
    """
    pickle.dump(what, stream)
    stream.flush()


def _feed(process: "subprocess.Popen[bytes]", waiting: "deque[Task]", done: list[Task]) -> None:
    """Gives a process one task after the other, from the end, until there is none or the process has ended."""
    with suppress(IndexError, OSError, EOFError, ValueError, pickle.UnpicklingError):  # ValueError: the pipe is closed
        while True:
            task = waiting.pop()
            tell(process.stdin, task)
            pickle.load(process.stdout)  # type: ignore[arg-type]  # its word that the trial is written
            done.append(task)


@contextmanager
def _one_thread(wanted: bool) -> Iterator[None]:
    """One thread for each operation, as the other processes have: the same roundings in all of them."""
    if not wanted:
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)
