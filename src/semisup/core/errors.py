"""Errors that a user can fix: one sentence, no traceback."""

import os
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches

from semisup.core.signals import Signalled


class SemisupError(Exception):
    """One sentence: what is wrong, where, and what to do. The command line prints it and exits."""

    exit_status = 1


def exit_code(call: Callable[[], object], note: str = "") -> int:
    """Calls a command and answers a user's mistake with one sentence on stderr.

    Args:
        call: The command, without arguments.
        note: What the sentence about a mistake ends with, such as the job of a sweep that it is about.

    Returns:
        The exit status: 0, the error's own, 130 for Ctrl-C, or 143 for SIGTERM. Other errors are bugs and keep their
        traceback.
    """
    try:
        call()
        sys.stdout.flush()
    except SemisupError as error:
        print(f"semisup: {error}{note if error.exit_status == 1 else ''}", file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:  # `--help | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.strerror is None:  # not the system's
            raise
        where = "" if error.filename is None else f"{error.filename}: "
        print(f"semisup: {where}{error.strerror}.{note}", file=sys.stderr)
        return 1
    except Signalled as stopped:
        print(f"semisup: {stopped}", file=sys.stderr)
        return stopped.exit_status
    except KeyboardInterrupt:
        print("semisup: interrupted.", file=sys.stderr)
        return 130
    return 0


def did_you_mean(name: object, valid: Iterable[object]) -> str:
    """The end of an error message: the most similar choice if one is similar, else all of them.

    Args:
        name: What was given.
        valid: The choices.

    Returns:
        "did you mean 'NAME'?" or "valid are NAME, NAME."
    """
    names = [str(choice) for choice in valid]
    match = get_close_matches(str(name), names, n=1, cutoff=0.5)
    return f"did you mean '{match[0]}'?" if match else f"valid are {', '.join(sorted(names))}."
