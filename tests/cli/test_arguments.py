"""key=value options of a command: read, checked, and refused in one sentence."""

from collections.abc import Sequence
from typing import Literal

import pytest

from semisup.cli.arguments import command, read_options
from semisup.core.errors import SemisupError


def bake(
    cake: str,
    layers: int = 2,
    sugar: float | None = 0.5,
    dry_run: bool = False,
    icing: Literal["white", "pink"] = "pink",
) -> None:
    """Bakes.

      semisup bake cake=NAME

    Args:
        cake: Its name.
        layers: How many.
        sugar: How much.
        dry_run: Whether it only says what it would do.
        icing: The color.
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
        ("dry_run cake=plum", ("plum", 2, 0.5, True, "pink")),
        ("dry-run --cake=2024_05_12", ("2024_05_12", 2, 0.5, True, "pink")),
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
        ("plum", "plum is not an option: write options as key=value, such as cake=..."),
        ("-x cake=plum", "-x is not an option: write options as key=value, such as cake=..."),
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
def test_help_is_the_docstring_with_a_line_for_each_option(line, capsys):
    assert command(bake, line.split()) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Bakes.\n\n  semisup bake cake=NAME\n\n  cake=...  ")
    rows = [" ".join(row.split()) for row in shown.splitlines()]
    assert rows[-4:] == [
        "layers=2 How many.",
        "sugar=0.5 How much.",
        "dry_run=false Whether it only says what it would do.",
        "icing=pink The color. One of: white, pink.",
    ]


def stack(runs: Sequence[str], markdown: bool | str = False, times: int = 1) -> int:
    print(list(runs), markdown, times)
    return times - 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a b/c=d", (["a", "b/c=d"], False, 1)),
        ("a runs=b --times 2", (["a", "b"], False, 2)),
        ("runs=a runs=b markdown", (["a", "b"], True, 1)),
        ("markdown=true a", (["a"], True, 1)),
        ("a markdown=table.md", (["a"], "table.md", 1)),
        ("a --markdown table.md", (["a"], "table.md", 1)),
        ("--markdown=false a", (["a"], False, 1)),
    ],
)
def test_words_without_a_key_are_those_of_the_positional_argument(line, expected):
    assert tuple(read_options(line.split(), stack, ("runs",)).values()) == expected


def test_a_status_that_the_function_returns_is_that_of_the_command(capsys):
    assert command(stack, ["a", "times=3"], positional=("runs",)) == 2
    assert command(stack, ["times=3"], positional=("runs",)) == 1
    assert "runs must be given" in capsys.readouterr().err
