"""Compares each method with USB's code (semilearn 0.3.2) on the same tensors, for 60 steps of training on a CPU.

    python -m venv usb && usb/bin/pip install -e ".[tensorboard,timm]"
    usb/bin/pip install --no-deps semilearn==0.3.2 progress ruamel.yaml
    usb/bin/python scripts/benchmarks/usb/agree.py --out tests/methods/usb_numbers.json

Both sides get the same batches, initial weights, draws, and optimizer, and compute in float64. Loss, gradient, weights
and state are compared after each step, and the table has the largest difference of any number in any step. Rows with
`*` are of USB's code with the edits of agree_cases.py, which leave out what is known to differ. With `--out` it writes
some of USB's numbers, with the edits, for `tests/methods/test_usb.py`.
"""

import argparse
import json
import logging
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from agree_cases import CASES
from agree_ours import Trace, double_precision, numbers, train_ours
from agree_usb import train_usb
from torch import Tensor
from usb_step import allow_cpu


def main() -> None:
    """Trains what the command line asks for, prints a table, and writes USB's numbers."""
    options = arguments()
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    allow_cpu()
    found: dict[str, Any] = {}
    print("| method | loss | gradient | weights | state | images kept | made alike | what differs |")
    print("|---|---|---|---|---|---|---|---|")
    with double_precision():
        for name in options.methods:
            case, ours = CASES[name], train_ours(name, options.norm)
            for edit in (False, True) if case.edits else (False,):
                usb = train_usb(name, options.norm, edit)
                found[name] = numbers(usb)
                cells = [f"{value:.0e}" if value else "0" for value in differences(ours, usb).values()]
                cells += [shares(ours), *(("as above", "") if edit else (case.alike, case.remains))]
                print(f"| {name}{'*' if edit else ''} | {' | '.join(cells)} |", flush=True)
    if options.out:
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(values)}" for name, values in found.items())
        options.out.write_text(f"{{\n{lines}\n}}\n")


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--norm", action="store_true", help="a network with batch norm")
    parser.add_argument("--out", type=Path, help="a JSON file for USB's numbers at steps 1, 30 and 60")
    return parser.parse_args()


def differences(ours: Trace, usb: Trace) -> dict[str, float]:
    """The largest difference of two trainings in any number of any step.

    Args:
        ours: Semisup's.
        usb: USB's.

    Returns:
        For loss, gradient, weights and state. The state is what the method keeps, the moving average of the weights,
        and the share of the images kept.
    """
    states = [
        largest([a[name] for a in ours.states], [b[name] for b in usb.states])
        for name in ours.states[0].keys() & usb.states[0].keys()
    ]
    kept = [] if any(math.isnan(value) for value in ours.kept + usb.kept) else [largest(ours.kept, usb.kept)]
    return {
        "loss": largest(ours.loss, usb.loss),
        "gradient": largest(ours.gradient, usb.gradient),
        "weights": largest(ours.weights, usb.weights),
        "state": max(states + kept),
    }


def largest(one: Sequence[float | Tensor], other: Sequence[float | Tensor]) -> float:
    """The largest difference of two sequences of numbers or tensors of numbers."""
    pairs = zip(one, other, strict=True)
    return max(float((torch.as_tensor(a) - torch.as_tensor(b)).abs().max()) for a, b in pairs)


def shares(trace: Trace) -> str:
    """The smallest and the largest share of images that were kept in a step."""
    if math.isnan(trace.kept[0]):
        return ""
    return f"{min(trace.kept):.2f} to {max(trace.kept):.2f}"


if __name__ == "__main__":
    main()
