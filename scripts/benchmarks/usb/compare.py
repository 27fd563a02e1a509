"""Times a training step of USB (semilearn 0.3.2) against Semisup's on a CPU. Linux only; needs CIFAR-10 imported.

    python -m venv usb && usb/bin/pip install -e ".[tensorboard,timm]"
    usb/bin/pip install --no-deps semilearn==0.3.2 progress ruamel.yaml
    python scripts/benchmarks/usb/compare.py --usb-python usb/bin/python --workers 0 2 --rounds 4

--no-deps, since semilearn's own list has packages that only other data sets and loggers need. For each method, network
and number of workers, each side has a process, which warms up alone. Then in each round each side has a turn; the order
alternates. A ratio is USB's mean step time over Semisup's in the same round. `others` is the largest share of the cores
that other processes used in a turn. Above a few per cent the machine is not quiet.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from turns import Side

HERE = Path(__file__).resolve().parent
TREE = HERE.parents[2]
STEPS = {  # in a turn
    "small_cnn": {"fixmatch": 5, "pseudo_label": 10, "supervised": 50},
    "wide_resnet": {"fixmatch": 1, "pseudo_label": 1, "supervised": 4},
}
SHARED = {"batch": 64, "ratio": 7, "labels": 4000, "lr": 0.03, "weight_decay": 5e-4}
WARM_UP = 3  # steps
THREADS = 2


def main() -> None:
    """Measures what the command line asks for, and prints a table."""
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the sides end with it
    commit = ["git", "describe", "--always", "--dirty", "--abbrev=10"]
    found: dict[str, Any] = {
        "commit": subprocess.run(commit, cwd=TREE, capture_output=True, text=True).stdout.strip() or None,
        "options": {name: str(v) if isinstance(v, Path) else v for name, v in vars(options).items()},
        "cases": [],
    }
    print(f"commit {found['commit']}, {options.rounds} rounds, USB's allocator {options.usb_allocator}")
    print("method        network      workers  USB ms  Semisup ms  ratio (range)           others")
    for network in options.networks:
        for method in options.methods:
            for workers in options.workers:
                row = measure(method, network, workers, options)
                found["cases"].append(row)
                usb, ours, ratio = row["seconds"]["usb"], row["seconds"]["ours"], row["ratio"]
                spread = f"{ratio['median']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})"
                print(f"{method:13} {network:12} {workers:7} {1000 * usb:7.1f} {1000 * ours:11.1f}  ", end="")
                print(f"{spread:22} {row['others']:7.1%}", flush=True)
    if options.out:
        options.out.write_text(json.dumps(found, indent=1))


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    methods = list(STEPS["small_cnn"])
    parser.add_argument("--usb-python", type=Path, required=True, help="the Python that semilearn is installed for")
    parser.add_argument("--methods", nargs="+", default=methods, choices=methods)
    parser.add_argument("--networks", nargs="+", default=["small_cnn"], choices=list(STEPS))
    parser.add_argument("--workers", nargs="+", type=int, default=[0], help="USB's num_workers")
    parser.add_argument("--usb-allocator", default="off", choices=["off", "set"], help="set: glibc's as Semisup's is")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("SEMISUP_DATA", "data")))
    parser.add_argument("--out", type=Path, help="a JSON file")
    options = parser.parse_args()
    if not sys.platform.startswith("linux"):
        parser.error("this needs Linux: it watches processes through /proc.")
    if not options.usb_python.is_file():
        parser.error(f"--usb-python {options.usb_python} is not a file.")
    return options


def measure(method: str, network: str, workers: int, options: argparse.Namespace) -> dict[str, Any]:
    """Seconds per step on both sides, their ratio, and the time of each step."""
    steps = STEPS[network][method]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(THREADS),
        "PYTHONPATH": f"{TREE}/src:{TREE}/scripts",
        "SEMISUP_DATA": str(options.data_dir.absolute()),
        "CUDA_VISIBLE_DEVICES": "",
    }
    case = {**SHARED, "method": method, "network": network, "threads": THREADS, "steps": steps}
    case |= {"warm_up": WARM_UP, "workers": workers, "allocator": options.usb_allocator}
    # USB's loaders start with full queues, 2 batches a worker; the steady state comes when those are used up.
    cases = {"ours": (sys.executable, case), "usb": (options.usb_python, {**case, "warm_up": WARM_UP + 4 * workers})}
    turns: dict[str, list[list[float]]] = {name: [] for name in cases}
    others = 0.0
    with ExitStack() as stack:
        logs, sides = Path(stack.enter_context(tempfile.TemporaryDirectory())), {}
        for name, (python, given) in cases.items():
            command = [str(python), str(HERE / f"{name}_step.py")]
            sides[name] = Side(command, given, environment, logs / f"{name}_step.log")
            stack.callback(sides[name].end)
            sides[name].hear()
        for number in range(options.rounds):
            for name in sorted(sides, reverse=number % 2 == 1):
                seconds, share = sides[name].turn()
                turns[name].append(seconds)
                others = max(others, share)
    named = {"method": method, "network": network, "workers": workers, "steps_per_turn": steps}
    return {**named, **figures(turns), "others": others, "turns": turns}


def figures(turns: dict[str, list[list[float]]]) -> dict[str, dict[str, float]]:
    """The results, from the seconds of each step of each turn; ratios are those within a round."""
    means = {name: [statistics.mean(seconds) for seconds in rounds] for name, rounds in turns.items()}
    ratios = [usb / ours for usb, ours in zip(means["usb"], means["ours"], strict=True)]
    return {
        "seconds": {name: statistics.median(values) for name, values in means.items()},
        "ratio": {"median": statistics.median(ratios), "low": min(ratios), "high": max(ratios)},
    }


if __name__ == "__main__":
    main()
