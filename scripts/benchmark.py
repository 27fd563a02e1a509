"""Measures time and memory on this machine: steps, views, embedding, clustering, start. Prints tables.

    python scripts/benchmark.py                                     everything; about an hour on two CPU cores
    python scripts/benchmark.py --sections loop --methods supervised fixmatch --networks small_cnn --out speed.json
    python scripts/benchmark.py --sections loop --networks wide_resnet --steps 1 --rounds 3

Things that are compared take turns in one process. The modules in scripts/benchmarks/ say what each section measures.
"""

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from semisup.cli.overrides import CONF

SECTIONS = ("loop", "views", "embedding", "clustering", "start", "memory")
DATA = "noise as large as CIFAR-10, features (noise as large as EuroSAT's, with --networks linear), or a data set"


def main(arguments: list[str] | None = None) -> None:
    """Measures the sections that the command line asks for.

    Args:
        arguments: Instead of the command line's.
    """
    options = parser().parse_args(arguments)
    console = Console()
    from benchmarks import clustering, embedding, loop, memory, start, views  # here, so that --help answers at once

    from semisup.core.environment import hardware, versions

    cases = [(method, network) for network in options.networks for method in options.methods]
    asked = {name: str(value) if isinstance(value, Path) else value for name, value in vars(options).items()}
    found: dict[str, Any] = {"commit": commit(), "hardware": hardware(), "versions": versions(), "options": asked}
    if "start" in options.sections:
        found["start"] = start.measure(options)
        console.print(start_table(found["start"]))
    if "memory" in options.sections:
        found["memory"] = [memory.measure(*case, options) for case in cases]
        console.print(memory_table(found["memory"]))
    if "views" in options.sections:
        found["views"] = views.measure(options)
        console.print(views_table(found["views"]))
    if "embedding" in options.sections:
        found["embedding"] = embedding.measure(options)
        console.print(embedding_table(found["embedding"]))
    if "clustering" in options.sections:
        found["clustering"] = clustering.measure(options)
        console.print(clustering_table(found["clustering"]))
    if "loop" in options.sections:
        found["loop"] = [loop.measure(*case, options) for case in cases]
        console.print(loop_table(found["loop"]), parts_table(found["loop"]))
    console.print(f"commit {found['commit']}, " + ", ".join(f"{k} {v}" for k, v in found["hardware"].items()))
    if options.out:
        options.out.write_text(json.dumps(found, indent=1))


def parser() -> argparse.ArgumentParser:
    """The command line's options."""
    result = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    methods, networks, sources = (
        sorted(file.stem for file in (CONF / group).glob("*.yaml")) for group in ("method", "backbone", "data")
    )
    result.add_argument("--sections", nargs="+", default=SECTIONS, choices=SECTIONS)
    result.add_argument("--methods", nargs="+", default=methods, choices=methods, metavar="METHOD")
    result.add_argument("--networks", nargs="+", default=["small_cnn", "wide_resnet"], choices=networks, metavar="NAME")
    result.add_argument("--data", default="noise", choices=["noise", "features", *sources], metavar="NAME", help=DATA)
    result.add_argument("--batch", type=positive, default=64, help="labeled images per step")
    result.add_argument("--ratio", type=positive, default=7, help="unlabeled images per labeled one")
    result.add_argument("--steps", type=positive, help="per turn (default: as many as take a second, at most 20)")
    result.add_argument("--rounds", type=positive, default=5, help="turns of each")
    result.add_argument("--points", type=positive, default=50_000, help="to cluster, at least 1,000")
    result.add_argument("--device", default="auto", choices=["auto", "cpu", "gpu", "mps"])
    result.add_argument("--precision", default="32-true", choices=["32-true", "bf16-mixed"])
    result.add_argument("--out", type=Path, help="a JSON file for the numbers")
    return result


def positive(text: str) -> int:
    """A whole number of at least 1, from the command line."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


def commit() -> str | None:
    """The commit that is measured, with -dirty if files differ from it; None without git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10"]
    ended = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    return ended.stdout.strip() or None


def loop_table(rows: list[dict[str, Any]]) -> Table:
    """Times of a step, and images per second."""
    columns = ("real", "limit", "bare")
    table = Table("network", "method", "images", *(f"{c} ms" for c in columns), "real images/s", title="Steps")
    table.add_column("real / limit (range)")
    table.add_column("real / bare (range)")
    for row in rows:
        milliseconds = [f"{1000 * row['seconds'][c]:.1f}" for c in columns]
        ratios = [ratio(row["real_over_limit"]), ratio(row["real_over_bare"])]
        speed = f"{row['images_per_second']['real']:,.0f}"
        table.add_row(row["network"], row["method"], str(row["images"]), *milliseconds, speed, *ratios)
    return table


def parts_table(rows: list[dict[str, Any]]) -> Table:
    """The time of each part of a step."""
    parts = list(rows[0]["parts"])
    table = Table("network", "method", *parts, title="Milliseconds of a real step, by part")
    for row in rows:
        table.add_row(row["network"], row["method"], *(f"{1000 * row['parts'][part]:.2f}" for part in parts))
    return table


def views_table(rows: list[dict[str, Any]]) -> Table:
    """Images per second of our views and of torchvision's."""
    return speeds_table("view", rows, {"ours": "", "torchvision": "torchvision's "}, "times_torchvision", title="Views")


def embedding_table(rows: list[dict[str, Any]]) -> Table:
    """Images per second of an embedding and of its forward pass."""
    return speeds_table("network", rows, {"real": "", "bare": "bare forward's "}, "real_over_bare", title="Embedding")


def speeds_table(what: str, rows: list[dict[str, Any]], sides: dict[str, str], compared: str, title: str) -> Table:
    """Images per second of two sides, and their ratio.

    Args:
        what: The column that names a row.
        rows: The results.
        sides: From each side in `images_per_second` to its name in the table.
        compared: The key of their ratio.
        title: The table's title.

    Returns:
        The table.
    """
    speeds = [f"{whose}images/s" for whose in sides.values()]
    table = Table(what, *speeds, f"{compared.replace('_', ' ')} (range)", title=title)
    for row in rows:
        table.add_row(row[what], *(f"{row['images_per_second'][side]:,.0f}" for side in sides), ratio(row[compared]))
    return table


def clustering_table(rows: list[dict[str, Any]]) -> Table:
    """Times and objectives of our k-means and of scikit-learn's."""
    columns = ("points", "dimensions", "clusters", "iterations")
    table = Table(
        *columns, "seconds", "scikit-learn's", "times scikit-learn (range)", "objective differs by", title="K-means"
    )
    for row in rows:
        seconds = [f"{row['seconds'][whose]:.2f}" for whose in ("ours", "sklearn")]
        objective = f"{row['objective_differs_by']:+.5%}"
        table.add_row(*(f"{row[c]:,}" for c in columns), *seconds, ratio(row["times_sklearn"]), objective)
    return table


def start_table(row: dict[str, Any]) -> Table:
    """Times until a command has an effect."""
    table = Table("from the command to", "seconds", title="Start")
    table.add_row("the first step, saved", f"{row['first_step']:.2f}")
    table.add_row("the same, of the very first run", f"{row['first_step_of_the_first_run']:.2f}")
    table.add_row("the end of --help", f"{row['help']:.2f}")
    return table


def memory_table(rows: list[dict[str, Any]]) -> Table:
    """Peak memory of a training."""
    table = Table("network", "method", "before the first step", "host", "device", title="Peak memory in MiB")
    for row in rows:
        sizes = ["" if row[where] is None else f"{row[where]:,.0f}" for where in ("host_before", "host", "device")]
        table.add_row(row["network"], row["method"], *sizes)
    return table


def ratio(values: dict[str, float]) -> str:
    """Median and range as text."""
    return f"{values['median']:.3f} ({values['low']:.3f} to {values['high']:.3f})"


if __name__ == "__main__":
    main()
