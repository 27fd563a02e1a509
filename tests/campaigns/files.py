"""Odd tables, odd folders and flipped bytes: each is read right, or refused with one sentence.

A case is a file or folder, and what must come of it: a result, or a part of the sentence.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from semisup.core.errors import SemisupError
from semisup.data import Store, open_store, write_store
from semisup.data.sources import folder, table
from tests.campaigns.attempt import Case, drawn

ROWS = "1,2,oak\n3,4,elm\n5,6,oak\n7,8,elm\n"
WORDS = ("NA", "N/A", "n/a", "#N/A", "<NA>", "null", "NULL", "None", "nan", "NaN", "?", r"\N", "-1", "")
TABLES: dict[str, tuple[bytes, Any]] = {
    "comma": (ROWS.encode(), 4),
    "header": (("a,b,kind\n" + ROWS).encode(), 4),
    "semicolon": (ROWS.replace(",", ";").encode(), 4),
    "tab": (ROWS.replace(",", "\t").encode(), 4),
    "spaces": (ROWS.replace(",", "  ").encode(), 4),
    "sep=": (("sep=;\n" + ROWS.replace(",", ";")).encode(), 4),
    "UTF-8 with mark": (ROWS.encode("utf-8-sig"), 4),
    "UTF-16": (ROWS.encode("utf-16"), 4),
    "UTF-16 big-endian": (b"\xfe\xff" + ROWS.encode("utf-16-be"), 4),
    "UTF-16 without mark": (ROWS.encode("utf-16-le"), "is not text in UTF-8"),
    "Latin-1": (ROWS.replace("oak", "ch\xeane").encode("latin-1"), "is not text in UTF-8"),
    "Windows line breaks": (ROWS.replace("\n", "\r\n").encode(), 4),
    "old Mac line breaks": (ROWS.replace("\n", "\r").encode(), 4),
    "blank lines": (ROWS.replace("\n", "\n\n").encode(), 4),
    "blanks around": (ROWS.replace(",", " , ").encode(), 4),
    "quoted": (ROWS.replace("oak", '"oak"').encode(), 4),
    "open quote": (ROWS.replace("oak", '"oak', 1).encode(), "line 1: a quoted cell"),
    "open quote, closed later": (ROWS.replace("oak", '"oak', 1).replace("elm", 'elm"', 1).encode(), "the next row"),
    "text after a quote": (ROWS.replace("oak", '"oak"x', 1).encode(), "line 1: a quoted cell"),
    "header of numbers": (b"400,410,kind\n" + ROWS.encode(), "may be a header or a row"),
    "decimal commas": (ROWS.replace(",", ";").replace("1;", "1,5;", 1).encode(), "decimals are written with a point"),
    "a cell less": (ROWS.replace("3,4", "3").encode(), "line 2: 2 columns where line 1 has 3"),
    "a cell more": (ROWS.replace("3,4", "3,4,4").encode(), "line 2: 4 columns where line 1 has 3"),
    "a word": (ROWS.replace("3,4", "3,four").encode(), "line 2, column '1': 'four' is not a number"),
    "infinity": (ROWS.replace("3,4", "3,inf").encode(), "line 2, column '1': 'inf' is not a number"),
    "one class": (ROWS.replace("elm", "oak").encode(), "only one class"),
    "measurements": (b"1,.5\n2,.7\n3,.9\n", "a measurement and no class"),
    "no label": (b"1,2,\n3,4,\n", "no label at all"),
    "empty": (b"", "is empty"),
    "a header alone": (b"a,b,kind\n", "no rows below its header"),
    "a workbook": (b"PK\x03\x04\xff\xfe", "is not text in UTF-8"),
    "zeros": (bytes(100), "is not text in UTF-8"),
    **{f"missing as '{word}'": (f"{ROWS}9,9,{word}\n".encode(), 4) for word in WORDS},
}

NAMES = (
    b"a\nb",
    b"a\rb",
    b"\xff\xfe",
    "a\u2028b".encode(),
    b"[red]",
    b":smile:",
    b"=1+1",
    b" a ",
    b"a,b",
    b'a"b',
    b"\\n",
)


def picture(file: Path, shade: int) -> None:
    """Writes a small picture of one gray."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), (shade, shade, shade)).save(file)


def pets(root: Path) -> Path:
    """Two cats and two dogs."""
    for shade, name in enumerate(("cat/0", "cat/1", "dog/0", "dog/1")):
        picture(root / f"{name}.png", shade)
    return root


def add(name: str | bytes, content: bytes | None = None, label: str = "cat") -> Callable[[Path], None]:
    """Puts another file into a class folder: a picture, if no content is given."""

    def put(root: Path) -> None:
        file = root / label / (name if isinstance(name, str) else name.decode(errors="surrogateescape"))
        if content is None:
            picture(file, 9)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    return put


def e_in_two_forms(root: Path) -> None:
    """Two class folders called é: one character, and e with an accent."""
    for name in ("\u00e9", "e\u0301"):
        add("x.png", label=name)(root)


def half_a_picture() -> bytes:
    """The first half of a JPEG."""
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(out := BytesIO(), format="jpeg")
    return out.getvalue()[: len(out.getvalue()) // 2]


FOLDERS: dict[str, tuple[Callable[[Path], None], Any]] = {
    **{f"a picture called {name!r}": (add(name + b".png"), 5) for name in NAMES},
    **{
        f"passed over: {name!r}": (add(name, b"x"), 4)
        for name in ("Icon\r", "a.AAE", "a.MOV", "Thumbs.db", ".DS_Store")
    },
    "an empty file": (add("x.png", b""), "x.png (empty file)"),
    "a text": (add("x.png", b"hello"), "x.png (not an image)"),
    "half a picture": (add("x.jpg", half_a_picture()), "x.jpg (image file is truncated"),
    "HEIC that is none": (add("x.heic", b"hello"), "x.heic ("),
    "an empty class": (lambda root: (root / "eel").mkdir(), "is empty"),
    "a class with a line break": (add("x.png", label="e\nl"), r"e\nl has a name that is no text"),
    "a class that is no text": (add("x.png", label="e\udcffl"), "has a name that is no text"),
    "a class in brackets": (add("x.png", label="[red]"), 5),
    "a class of one picture": (add("x.png", label="eel"), 5),
    "é in two forms": (e_in_two_forms, 6),
    "validation beside classes": (add("x.png", label="val"), "holds 'val' but no 'labeled' or 'train'"),
    "a link to a folder above": (lambda root: (root / "cat" / "up").symlink_to(root), 4),
    "a link to nowhere": (lambda root: (root / "cat" / "x.png").symlink_to(root / "none"), "x.png"),
}


def ended(read: Callable[[], Store], expected: Any) -> str | None:
    """What is wrong with how a data set is read: None if it has the expected number of labeled images, or sentence."""
    try:
        with redirect_stderr(StringIO()):
            store = read()
    except SemisupError as error:
        sentence = str(error)
        if isinstance(expected, int) or expected not in sentence or "\n" in sentence:
            return f"refused: {sentence}"
        return None
    except Exception as error:  # whatever it is, it is what we look for
        return f"traceback: {type(error).__name__}: {error}"
    count = int((store.targets >= 0).sum())
    return None if count == expected else f"{count} labeled images instead of {expected!r}"


def _table(workspace: Path, name: str) -> str | None:
    content, expected = TABLES[name]
    file = workspace / f"{[*TABLES].index(name)}.csv"
    file.write_bytes(content)
    return ended(lambda: table(workspace / "data", str(file), test_fraction=0.0), expected)


def _folder(workspace: Path, name: str) -> str | None:
    change, expected = FOLDERS[name]
    root = pets(workspace / f"folder-{[*FOLDERS].index(name)}")
    change(root)
    return ended(lambda: folder(workspace / "data", str(root), size=4), expected)


def _flip(workspace: Path, file: str, share: float, bit: int) -> str | None:
    store = workspace / "stores" / f"{file}-{share:.3f}"
    rng = np.random.default_rng(0)
    images, targets = rng.integers(0, 255, (20, 4, 4, 3), dtype=np.uint8), np.arange(20) % 2
    write_store(store, "pets", ("cat", "dog"), (images, targets), (images[:4], targets[:4]))
    content = bytearray((store / file).read_bytes())
    content[int(share * len(content))] ^= 1 << bit
    (store / file).write_bytes(content)
    return ended(lambda: open_store(store), "import it again")


def cases(workspace: Path, most: int | None) -> Iterator[Case]:
    """All cases, or at most so many, drawn by a fixed seed."""
    draw = random.Random(0)
    flips = [
        (name, draw.random(), draw.randrange(8))
        for name in ("images.npy", "targets.npy", "test_images.npy", "test_targets.npy")
        for _ in range(30)
    ]
    found: list[Case] = [(f"table: {name}", lambda name=name: _table(workspace, name)) for name in TABLES]
    found += [(f"folder: {name}", lambda name=name: _folder(workspace, name)) for name in FOLDERS]
    found += [(f"flipped bit: {flip}", lambda flip=flip: _flip(workspace, *flip)) for flip in flips]
    yield from drawn(found, most)
