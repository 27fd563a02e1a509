"""Cross-validation of the candidates: those out of reach after a repeat are not trained in the next."""

from collections.abc import Callable, Sequence
from functools import partial

from semisup.auto.folds import Fold
from semisup.auto.runner import TrialRunner
from semisup.auto.scores import out_of_reach
from semisup.auto.trial import Trial


def cross_validate(
    runner: TrialRunner,
    repeats: Sequence[Sequence[Fold]],
    shown: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, list[Trial]]:
    """Trains candidates on folds. One that is out of reach after a repeat has no part in the next.

    Args:
        runner: Has the candidates, the labels alone first.
        repeats: Folds; those of a repeat hold out each image at most once.
        shown: Is told how many trainings are done, and of how many.

    Returns:
        The trials of each candidate; none if there are no folds.
    """
    candidates = runner.candidates
    trials: dict[str, list[Trial]] = {name: [] for name in candidates} if repeats else {}
    racing, done = list(candidates), 0
    for number, folds in enumerate(repeats):
        total = done + len(racing) * sum(map(len, repeats[number:]))
        tasks = [(name, fold) for fold in folds for name in racing]
        for (name, _), trial in zip(tasks, runner.run(tasks, partial(_show, shown, done, total)), strict=True):
            trials[name].append(trial)
        done += len(tasks)
        out = out_of_reach({name: trials[name] for name in racing}, candidates[racing[0]].store.targets)
        racing = [name for name in racing if name not in out]
    return trials


def _show(shown: Callable[[int, int], None], before: int, total: int, done: int) -> None:
    shown(before + done, total)
