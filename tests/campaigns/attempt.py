"""A command under attack, and what is wrong with how it ends."""

import os
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TypeVar

from semisup.cli.main import main
from tests.conftest import SMALL

Drawn = TypeVar("Drawn")
Case = tuple[str, Callable[[], str | None]]
"""What is tried, and the trial: None if it was handled, else what was wrong."""
Campaign = Callable[[Path, int | None], Iterator[Case]]
"""`cases(workspace, most)` of a module of this package: all cases, or at most so many, drawn by a fixed seed."""

RUN = (*SMALL, "method=self_training", "labeler.threshold=.12", "rounds.students=1", "trainer.accelerator=cpu")


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Args:
        status: The exit status.
        error: What it wrote to stderr.
        raised: The exception that got out of it, which a user would see as a traceback.
    """

    status: int
    error: str
    raised: str = ""

    @property
    def fault(self) -> str | None:
        """What is wrong with this end: a traceback, or a failure without a sentence."""
        if self.raised or "Traceback (most recent call last)" in self.error:
            return f"traceback: {self.raised or self.error[-300:]}"
        if self.status and "semisup: " not in self.error:
            return f"exit status {self.status} without a sentence"
        return None


def semisup(words: Iterable[object]) -> Ended:
    """Runs a command in this process.

    Args:
        words: Those after `semisup`.

    Returns:
        How it ended.
    """
    before, (out, error) = (sys.argv, list(sys.path)), (StringIO(), StringIO())
    os.environ["HYDRA_FULL_ERROR"] = "1"
    typed = [str(word) for word in words]
    sys.argv = ["semisup", *typed]
    try:
        with redirect_stdout(out), redirect_stderr(error):
            status = main(typed)
    except SystemExit as end:
        return Ended(int(end.code or 0), error.getvalue())
    except Exception as wrong:  # whatever it is, it is what we look for
        return Ended(1, error.getvalue(), f"{type(wrong).__name__}: {wrong}")
    finally:
        sys.argv, sys.path[:] = before
    return Ended(status, error.getvalue())


def train_words(workspace: Path, runs: str = "runs") -> list[str]:
    """The command of a small run with a teacher and a student.

    Args:
        workspace: Where data and runs are.
        runs: The name of the folder of runs.

    Returns:
        Its words.
    """
    return ["train", *RUN, f"data_dir={workspace / 'data'}", f"runs_dir={workspace / runs}"]


def drawn(cases: Sequence[Drawn], most: int | None) -> Sequence[Drawn]:
    """All cases, or some of them.

    Args:
        cases: All.
        most: How many; None for all.

    Returns:
        The cases, drawn by a fixed seed.
    """
    return cases if most is None or most >= len(cases) else random.Random(0).sample(cases, most)


def only(runs: Path) -> Path:
    """The one run in a folder of runs."""
    (folder,) = (path for path in runs.iterdir() if not path.name.startswith("."))
    return folder
