"""Cross-validation of the candidates: those out of reach after a repeat are not trained in the next."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from semisup.auto.folds import Fold
from semisup.auto.scores import out_of_reach
from semisup.auto.trial import Candidate, Trial, run_trial


def cross_validate(
    candidates: Mapping[str, Candidate],
    repeats: Sequence[Sequence[Fold]],
    folder: Path,
    shown: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, list[Trial]]:
    """Trains candidates on folds. One that is out of reach after a repeat has no part in the next.

    Args:
        candidates: The labels alone first.
        repeats: Folds; those of a repeat hold out each image at most once.
        folder: Where trials are kept, a folder for each candidate.
        shown: Is told how many trainings are done, and of how many.

    Returns:
        The trials of each candidate; none if there are no folds.
    """
    trials: dict[str, list[Trial]] = {name: [] for name in candidates} if repeats else {}
    racing, done = list(candidates), 0
    for number, folds in enumerate(repeats):
        total = done + len(racing) * sum(map(len, repeats[number:]))
        for fold in folds:
            for name in racing:
                trials[name].append(run_trial(candidates[name], fold, folder / name))
                done += 1
                shown(done, total)
        out = out_of_reach({name: trials[name] for name in racing}, candidates[racing[0]].store.targets)
        racing = [name for name in racing if name not in out]
    return trials
