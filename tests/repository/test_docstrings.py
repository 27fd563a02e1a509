"""Every public class and function says in Google's style what it takes, gives and raises."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "semisup"
ROOMS = sorted(folder.name for folder in SOURCE.iterdir() if (folder / "__init__.py").exists())
# Lightning, torch and Hydra name these, and their documentation says what they take.
HOOKS = re.compile(
    r"forward|loss|features|train|state_dict|load_state_dict|.*_step|.*_dataloader|on_.*|configure_.*|setup"
    r"|log_hyperparams|log_metrics"
)
Definition = ast.FunctionDef | ast.ClassDef


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """The public classes and functions of a module, with the methods of the classes."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{node.name}.")


def arguments(node: Definition) -> list[str]:
    """The arguments that a docstring must describe; a class's are those of its constructor, or its fields."""
    if isinstance(node, ast.ClassDef):
        constructor = next((n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
        if constructor is not None:
            return arguments(constructor)
        decorators = {getattr(getattr(d, "func", d), "id", "") for d in node.decorator_list}
        if "dataclass" not in decorators and "NamedTuple" not in {getattr(base, "id", "") for base in node.bases}:
            return []
        fields = [n for n in node.body if isinstance(n, ast.AnnAssign) and "init=False" not in ast.unparse(n)]
        return [ast.unparse(n.target) for n in fields if "ClassVar" not in ast.unparse(n.annotation)]
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [argument.arg for argument in every if argument.arg not in ("self", "cls")]


def faults(name: str, node: Definition) -> Iterator[str]:
    text = ast.get_docstring(node)
    if text is None:
        yield f"{name}: no docstring"
        return
    described = re.findall(r"^    (\w+)(?: \(.*\))?:", text.partition("Args:\n")[2], flags=re.MULTILINE)
    yield from (f"{name}: Args lacks {wanted}" for wanted in arguments(node) if wanted not in described)
    if isinstance(node, ast.ClassDef):
        return
    raised = [ast.unparse(n.exc) for n in ast.walk(node) if isinstance(n, ast.Raise) and n.exc is not None]
    if any(error.startswith("SemisupError") for error in raised) and "Raises:" not in text:
        yield f"{name}: Raises is missing"
    gives = node.returns is not None and ast.unparse(node.returns) not in ("None", "NoReturn")
    if gives and arguments(node) and not re.search(r"^(Returns|Yields):$", text, flags=re.MULTILINE):
        yield f"{name}: Returns is missing"


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_is_described(room):
    found = []
    for file in sorted((SOURCE / room).rglob("*.py")):
        for name, node in public(ast.parse(file.read_text(encoding="utf-8")).body):
            if not HOOKS.fullmatch(node.name) and not any("overload" in ast.unparse(d) for d in node.decorator_list):
                found += [f"{file.relative_to(SOURCE)}: {fault}" for fault in faults(name, node)]
    assert not found, "\n" + "\n".join(found)
