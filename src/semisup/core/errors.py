"""Errors that are the user's to mend: one sentence, no traceback."""

import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches


class SemisupError(Exception):
    """What went wrong, where, and what to do about it, in one sentence. The command line prints it and exits."""

    exit_status = 1


def exit_code(call: Callable[[], None]) -> int:
    """Calls a command; returns its exit status. What the user can mend is one sentence on stderr, and no traceback."""
    try:
        call()
    except SemisupError as error:
        print(f"semisup: {error}", file=sys.stderr)
        return error.exit_status
    except OSError as error:
        if error.strerror is None:  # not the system's
            raise
        where = "" if error.filename is None else f"{error.filename}: "
        print(f"semisup: {where}{error.strerror}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("semisup: interrupted.", file=sys.stderr)
        return 130
    return 0


def did_you_mean(name: object, valid: Iterable[object]) -> str:
    """The end of a sentence that names the valid choices: the nearest one if one is near, else all of them."""
    names = [str(choice) for choice in valid]
    match = get_close_matches(str(name), names, n=1, cutoff=0.5)
    return f"did you mean '{match[0]}'?" if match else f"valid are {', '.join(sorted(names))}."
