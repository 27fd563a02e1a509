"""Tries the campaigns, and counts.

python -m tests.campaigns                    all of them, which takes long
python -m tests.campaigns kills damage       some of them
python -m tests.campaigns damage 100         at most so many cases of each, drawn by a fixed seed
"""

import pkgutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from tests import campaigns
from tests.campaigns.attempt import Campaign


def found() -> dict[str, Campaign]:
    """The campaigns: the modules of this package that have `cases`."""
    names = [module.name for module in pkgutil.iter_modules(campaigns.__path__) if not module.name.startswith("_")]
    modules = {name: import_module(f"tests.campaigns.{name}") for name in names}
    return {name: module.cases for name, module in modules.items() if hasattr(module, "cases")}


def tried(campaign: Campaign, most: int | None) -> tuple[int, list[str]]:
    """How many cases of a campaign were tried, and what went wrong in which."""
    faults, count = [], 0
    with tempfile.TemporaryDirectory() as workspace:
        for name, trial in campaign(Path(workspace), most):
            count += 1
            if (fault := trial()) is not None:
                faults.append(f"{name}: {fault}")
                print(f"  {faults[-1]}", flush=True)
    return count, faults


def main(words: list[str]) -> int:
    """Tries the campaigns that are named, or all."""
    wanted, failed = [word for word in words if not word.isdigit()], 0
    most = next((int(word) for word in words if word.isdigit()), None)
    for name, campaign in found().items():
        if not wanted or name in wanted:
            count, faults = tried(campaign, most)
            failed += len(faults)
            print(f"{name:<10} {count:>6,} tried, {count - len(faults):>6,} handled", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
