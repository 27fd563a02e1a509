"""Errors that are the user's to mend: one sentence, no traceback."""

from collections.abc import Iterable
from difflib import get_close_matches


class SemisupError(Exception):
    """What went wrong, where, and what to do about it, in one sentence. The command line prints it and exits."""

    exit_status = 1


def nearest(name: object, valid: Iterable[object]) -> str:
    """The end of a sentence that names the valid choices: the nearest one if one is near, else all of them."""
    names = [str(choice) for choice in valid]
    match = get_close_matches(str(name), names, n=1, cutoff=0.5)
    return f"did you mean '{match[0]}'?" if match else f"valid are {', '.join(sorted(names))}."
