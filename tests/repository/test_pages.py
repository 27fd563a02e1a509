"""The pages of the documentation: links lead somewhere, commands are valid, and code is that of the package."""

import ast
import importlib
import re
import shlex
from itertools import product
from pathlib import Path

import pytest

from semisup.cli.arguments import read_options
from semisup.cli.auto import compose_candidates
from semisup.cli.main import SUBCOMMANDS
from semisup.cli.overrides import CONF, GROUPS, compose, node_targets
from semisup.config.resolve import complete
from semisup.core.schema import parameters

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
OWN = (
    "confident_ones",
    "above_mean",
    "co_training",
    "rings",
    "margin",
)  # of docs/extending.md, whose own test runs them
POSITIONAL = {"compare": ("runs",), "report": ("runs",)}


def prose(page: Path) -> str:
    """The text without its code, whose brackets and # mean something else."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^    .*$", "", text, flags=re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The headings, as GitHub turns them into anchors."""
    headings = re.findall(r"^#+ (.*)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands() -> list[str]:
    """The commands of all pages that are complete: none with `...` or a name in capitals in place of a value."""
    found = []
    for page in PAGES:
        text = re.sub(r" \\\n +", " ", page.read_text(encoding="utf-8"))
        found += re.findall(r"^    (semisup .*?)(?:  .*)?$", text, flags=re.MULTILINE)
    complete_ones = [text for text in found if "..." not in text and text.split()[1] in SUBCOMMANDS]
    return sorted({text for text in complete_ones if not any(name in text for name in OWN)})


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(name):
    page = ROOT / name
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


def test_every_page_is_on_the_map():
    links = re.findall(r"\]\(([^)\s#]+)", (ROOT / "docs" / "index.md").read_text(encoding="utf-8"))
    reached = {(ROOT / "docs" / link).resolve() for link in links} | {ROOT / "docs" / "index.md"}
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in reached] == []


def test_every_package_is_described():
    text = (ROOT / "docs" / "reference" / "structure.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE))
    packages = {file.parent.name for file in (ROOT / "src" / "semisup").glob("*/__init__.py")}
    assert packages == described


@pytest.mark.parametrize("command", commands())
def test_a_documented_command_is_valid(command):
    """A training is composed and checked, job by job of a sweep; another command's options are read."""
    _, subcommand, *words = shlex.split(command)
    if subcommand in ("train", "cluster"):
        implied = ["method=cluster_label", "rounds.students=0"] if subcommand == "cluster" else []
        words = [word for word in words if word not in ("-m", "--cfg", "job")]
        for job in product(*(_values(word) for word in words)):
            complete(compose([*implied, *job]))
    elif subcommand == "auto":
        own = ("candidates", "folds", "repeats")
        for config in compose_candidates([word for word in words if word.partition("=")[0] not in own]).values():
            complete(config)
    elif subcommand != "options":
        module = importlib.import_module(f"semisup.cli.{SUBCOMMANDS[subcommand][0]}")
        read_options(words, getattr(module, SUBCOMMANDS[subcommand][0]), POSITIONAL.get(subcommand, ()))


def test_every_option_that_a_page_names_exists():
    """In some choice of its group: `labeler.k` is one of labeler=clusters alone."""
    known = set()
    for node in ("method", "labeler", "embedding", "backbone", "data", "optimizer", "logger", "trainer"):
        for file in (CONF / node).glob("*.yaml"):
            for where, targets in node_targets(compose([f"{node}={file.stem}"])).items():
                known |= {f"{where}.{name}" for target in targets for name in parameters(target)}
    unknown = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"`((?:method|labeler|embedding|backbone|data|rounds|batch|trainer)\.[a-z_0-9]+)[`=.]", text)
        unknown += [f"{page.name}: {name}" for name in named if name not in known]
    allowed = {"method.treshold", "data.resident", "rounds.png"}  # a mistake that is shown, an old name, and a file
    assert [found for found in unknown if found.split(": ")[1] not in allowed] == []


def _values(word: str) -> list[str]:
    """What a sweep makes of a word: of a choice, each; of numbers, such as seeds, the first."""
    key, _, value = word.partition("=")
    if not value or re.search(r"[\[{]", value):
        return [word]
    values = value.split(",")
    return [f"{key}={one}" for one in (values if key in GROUPS else values[:1])]


def test_the_fixmatch_of_the_readme_is_the_one_that_trains():
    """The lines of its class, without the docstring and the empty line after it."""
    source = (ROOT / "src" / "semisup" / "methods" / "fixmatch.py").read_text(encoding="utf-8")
    (node,) = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    lines = source.splitlines()
    end_of_docstring = node.body[0].end_lineno
    assert end_of_docstring is not None
    code = [lines[node.lineno - 1], *lines[end_of_docstring + 1 : node.end_lineno]]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```python\n(class FixMatch.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert shown.splitlines() == code
