"""Damage: each file of a finished run is emptied, cut, flipped, deleted or replaced; each command reads the folder.

A command that succeeds must say the same as with the undamaged folder.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.campaigns.attempt import Case, drawn, only, semisup, train_words

DAMAGES: dict[str, Callable[[Path], object]] = {
    "emptied": lambda file: file.write_bytes(b""),
    "cut in half": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "one byte short": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "flipped in the middle": lambda file: _flip(file, 0.5),
    "flipped near the end": lambda file: _flip(file, 0.9),
    "zeros": lambda file: file.write_bytes(bytes(file.stat().st_size)),
    "not UTF-8": lambda file: file.write_bytes(b"\xff\xfe\x00" * 9),
    "an empty list": lambda file: file.write_text("[]"),
    "an empty object": lambda file: file.write_text("{}"),
    "null": lambda file: file.write_text("null"),
    "deleted": lambda file: file.unlink(),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
}
# These files say what a run is; a change of a value in them that is still valid is another run.
DEFINES_THE_RUN = ("config.yaml", "result.json", "round.json", "metrics.csv", "command.txt", "report.html")


def cases(workspace: Path, most: int | None) -> Iterator[Case]:
    """Every file, damage and command."""
    ended = semisup(train_words(workspace, "finished"))
    assert ended.status == 0, ended
    (workspace / "images").mkdir()
    pixels = np.random.default_rng(0).integers(0, 17, (20, 8, 8)) * 15
    for number, image in enumerate(pixels.astype(np.uint8)):
        Image.fromarray(image).save(workspace / "images" / f"{number}.png")
    folder = only(workspace / "finished")
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    commands = ("predict", "export", "compare", "resume", "report")
    expected = {"predict": _run("predict", folder, workspace)}
    tried = [(file, damage, name) for file in files for damage in DAMAGES for name in commands]
    tried = [one for one in tried if not (one[0].endswith((".html", ".png")) and one[2] != "report")]
    for file, damage, name in drawn(tried, most):
        title = f"{file} {damage}, {name}"
        yield title, lambda f=file, d=damage, n=name: _damaged(workspace, folder, f, d, n, expected.get(n))


def _flip(file: Path, place: float) -> None:
    content = bytearray(file.read_bytes())
    content[int(len(content) * place)] ^= 0x10
    file.write_bytes(content)


def _run(name: str, folder: Path, workspace: Path) -> tuple[str | None, object]:
    """What is wrong with how a command ends, and what it said."""
    out, network = workspace / "out.csv", workspace / "out.safetensors"
    words = {
        "predict": ["predict", f"run={folder}", f"images={workspace / 'images'}", f"out={out}", "overwrite=true"],
        "export": ["export", f"run={folder}", f"out={network}", "overwrite=true", f"images={workspace / 'images'}"],
        "compare": ["compare", folder],
        "report": ["report", folder, "umap=false"],
        "resume": train_words(workspace, folder.parent.name),
    }[name]
    ended = semisup(words)
    said = None
    if ended.status == 0 and name == "predict":
        said = out.read_bytes()
    if ended.status == 0 and name == "resume":
        said = json.loads((folder / "result.json").read_text())["test"]
    return ended.fault, said


def _damaged(workspace: Path, intact: Path, file: str, damage: str, name: str, expected: object) -> str | None:
    runs = workspace / "damaged"
    shutil.rmtree(runs, ignore_errors=True)
    folder = Path(shutil.copytree(intact, runs / intact.name))
    if name == "resume" and file != "result.json":
        (folder / "result.json").unlink()  # the run is trained, and asks its files for the result
    DAMAGES[damage](folder / file)
    fault, said = _run(name, folder, workspace)
    if fault or said is None:
        return fault
    if name == "resume":
        expected = None, json.loads((intact / "result.json").read_text())["test"]
    is_same = expected is None or said == expected[1]  # type: ignore[index]
    return None if is_same or file.rpartition("/")[2] in DEFINES_THE_RUN else "another result without a word"
