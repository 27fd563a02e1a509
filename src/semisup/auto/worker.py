"""A process that runs trials beside the one that has started it: python -m semisup.auto.worker."""

import os
import pickle
import signal
import sys
from contextlib import suppress

import torch
from rich.console import Console

from semisup.auto.runner import tell
from semisup.auto.trial import open_candidates, run_trial
from semisup.config.nodes import load_data
from semisup.runs.run import configure_process, open_data


def main() -> None:
    """Runs the trials that standard input names, until it ends. Writes to standard output when one is done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with the process that has started it
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    torch.set_num_threads(1)
    configs, folder, fingerprint = pickle.load(sys.stdin.buffer)
    configure_process()
    base = next(iter(configs.values()))
    _, store = open_data(base, Console(quiet=True))
    if store.fingerprint != fingerprint:
        return
    candidates = open_candidates(configs, store, load_data(base, store).split)
    with suppress(EOFError):
        while True:
            name, fold = pickle.load(sys.stdin.buffer)
            run_trial(candidates[name], fold, folder / name)
            tell(answers, True)


if __name__ == "__main__":
    main()
