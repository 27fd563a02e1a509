"""Small runs with their pages, and a page as its reader sees it."""

from html.parser import HTMLParser
from pathlib import Path

from rich.console import Console

from semisup.cli.overrides import compose
from semisup.reports import write_report
from semisup.runs.run import run
from tests.conftest import SMALL

EMPTY = {"meta", "link", "img", "br"}  # elements without an end


def small_run(folder: Path, *overrides: str) -> Path:
    """The folder of a small run below another one, with its page."""
    own = (f"data_dir={folder / 'data'}", f"runs_dir={folder / 'runs'}")
    before = set((folder / "runs").glob("*"))
    run(compose([*own, *SMALL, *overrides]), Console(quiet=True))
    (made,) = set((folder / "runs").glob("*")) - before
    write_report(made)
    return made


class Reader(HTMLParser):
    """What stands on a page: elements with their attributes, and the text of each section by its id."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.section = ""
        self.text: dict[str, str] = {"": ""}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "section":
            self.section = attributes["id"]
            self.text[self.section] = ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> ends what it did not begin"
        if tag == "section":
            self.section = ""

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text[self.section] = " ".join(f"{self.text[self.section]} {data}".split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read(run_folder: Path) -> Reader:
    return Reader((run_folder / "report.html").read_text(encoding="utf-8"))
