"""The rooms of the package are floors of a house: each imports only those below it."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "semisup"
# From the bottom up.
FLOORS = (
    *("core", "data", "models", "metrics", "methods", "embeddings", "labelers", "config"),
    *("training", "runs", "auto", "predicting", "reports", "cli"),
)


def imported(file: Path) -> list[str]:
    """The modules of the package that a file imports, wherever in the file."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return [name for name in found if name.startswith("semisup.")]


def test_every_room_has_its_floor():
    assert {folder.name for folder in SOURCE.iterdir() if (folder / "__init__.py").exists()} == set(FLOORS)


def test_imports_go_down_only():
    upwards = []
    for file in sorted(SOURCE.rglob("*.py")):
        room = file.relative_to(SOURCE).parts[0]
        if room not in FLOORS:
            continue  # semisup/__init__.py, the package's face
        for name in imported(file):
            other = name.split(".")[1]
            if other in FLOORS and FLOORS.index(other) > FLOORS.index(room):
                upwards.append(f"{file.relative_to(SOURCE)} imports {name}")
    assert not upwards, "\n" + "\n".join(upwards)


def test_no_two_files_import_each_other():
    """Depth-first search for a circle among the files; an import within a function counts, too."""
    graph = {}
    for file in sorted(SOURCE.rglob("*.py")):
        name = "semisup." + ".".join(file.relative_to(SOURCE).with_suffix("").parts)
        graph[name] = imported(file)
    resolved = {
        name: {next((t for t in (other, other.rpartition(".")[0]) if t in graph), None) for other in others} - {None}
        for name, others in graph.items()
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        if name not in done:
            for other in resolved[name]:
                visit(other, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())
