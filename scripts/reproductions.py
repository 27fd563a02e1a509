"""Writes docs/reproductions.md from finished runs, so that nobody types its numbers.

    python scripts/reproductions.py collect cifar10-models runs/cifar10-500-* --commit 2fa4bb7
    python scripts/reproductions.py render
    python scripts/reproductions.py render --check

collect reads result.json and config.yaml of runs into docs/results/ID.json; ID is that of an experiment in
docs/reproductions.yaml. render writes the document from both; with --check it only says whether it would differ.
"""

import argparse
import sys
from pathlib import Path

from semisup.core.errors import SemisupError, exit_code

DOCS = Path(__file__).resolve().parent.parent / "docs"


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    return exit_code(lambda: options.action(options))


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--docs", type=Path, default=DOCS, help="the folder of reproductions.yaml")
    actions = result.add_subparsers(required=True)
    collecting = actions.add_parser("collect", help="keep what finished runs have found")
    collecting.add_argument("id", metavar="ID", help="of the experiment")
    collecting.add_argument("runs", nargs="+", help="folders of runs, folders that hold them, or globs")
    collecting.add_argument("--commit", required=True, metavar="HASH", help="that the runs were made at")
    collecting.set_defaults(action=collect)
    rendering = actions.add_parser("render", help="write the document")
    rendering.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the document differs")
    rendering.set_defaults(action=render)
    return result


def collect(options: argparse.Namespace) -> None:
    from reproducing import experiments, runs  # --help needs none

    found, left_out = runs.find(options.runs)
    experiment = experiments.read(options.docs).experiment(options.id)
    added, unassigned, file = runs.collect(options.docs / "results", experiment, found, options.commit)
    left_out += [f"{run.folder} (belongs to no row)" for run in unassigned]
    if left_out:
        print("Left out: " + ", ".join(left_out), file=sys.stderr)
    print(f"Kept {len(added)} runs in {file}")


def render(options: argparse.Namespace) -> None:
    from reproducing import experiments, text

    from semisup.core.atomic_files import atomic_write_text

    file = options.docs / "reproductions.md"
    wanted = text.text(experiments.read(options.docs), options.docs / "results")
    if not options.check:
        atomic_write_text(file, wanted)
        print(f"Wrote {file}")
    elif not file.exists() or file.read_text(encoding="utf-8") != wanted:
        raise SemisupError(f"{file} is not what its runs say; run python scripts/reproductions.py render.")


if __name__ == "__main__":
    sys.exit(main())
