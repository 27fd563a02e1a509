"""key=value options of a command: read, checked, and refused in one sentence."""

from typing import Literal

import pytest

from semisup.cli.options import command, read_options
from semisup.core.errors import SemisupError


def bake(
    cake: str,
    layers: int = 2,
    sugar: float | None = 0.5,
    dry_run: bool = False,
    icing: Literal["white", "pink"] = "pink",
) -> None:
    """Bakes.

    cake=NAME   of the cake
    """
    if cake == "burnt":
        raise SemisupError("too late.")
    if cake == "lost":
        raise FileNotFoundError(2, "No such file or directory", "oven")
    if cake == "huge":
        raise OSError(28, "No space left on device")  # as write() says it, which knows no name
    print(cake, layers, sugar, dry_run, icing)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cake=plum", ("plum", 2, 0.5, False, "pink")),
        ("cake=a=b layers=3 sugar=.25 dry_run=true", ("a=b", 3, 0.25, True, "pink")),
        ("--cake plum --dry-run --layers=3", ("plum", 3, 0.5, True, "pink")),
        ("--dry-run cake=plum sugar=null", ("plum", 2, None, True, "pink")),
        ("cake=plum --dry-run", ("plum", 2, 0.5, True, "pink")),
        ("--icing white --cake ../plum", ("../plum", 2, 0.5, False, "white")),
    ],
)
def test_options_are_read(line, expected):
    assert tuple(read_options(line.split(), bake).values()) == expected


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cke=plum", "there is no option cke; did you mean 'cake'?"),
        ("layers=3", "cake must be given; write cake=..."),
        ("cake=plum layers=many", "layers=many is not valid"),
        ("cake=plum icing=pnk", "icing=pnk is not valid; did you mean 'pink'?"),
        ("cake=", "cake has no value."),
        ("plum", "plum is no option: options are written as key=value, such as cake=..."),
        ("cake=plum --cake cherry", "cake is given twice."),
        ("cake=burnt", "too late."),
        ("cake=lost", "oven: No such file or directory."),
        ("cake=huge", "No space left on device."),
    ],
)
def test_what_is_wrong_is_one_sentence(line, said, capsys):
    assert command(bake, line.split()) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"semisup: {said}")


@pytest.mark.parametrize("line", ["", "--help", "cake=plum -h"])
def test_help_is_the_docstring(line, capsys):
    assert command(bake, line.split()) == 0
    assert capsys.readouterr().out == "Bakes.\n\n    cake=NAME   of the cake\n"
