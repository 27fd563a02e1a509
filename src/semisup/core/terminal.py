"""What is told in the same form everywhere."""

from rich.console import Console
from rich.text import Text


def warn(console: Console, sentence: str) -> None:
    """Prints a warning.

    Args:
        console: Where to.
        sentence: What a person should know before trusting the result.
    """
    console.print(Text.assemble(("warning", "bold yellow"), f" {sentence}"), soft_wrap=True)
