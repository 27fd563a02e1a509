"""Names that people gave and durations, as text that any terminal and any file of text can show."""

from unicodedata import category

_BREAKING = {"Cc", "Zl", "Zp"}  # Unicode's categories of control characters and of line breaks


def as_utf8(name: str) -> str:
    """A name of a file or a folder as UTF-8.

    Args:
        name: As the system gives it: bytes that are not UTF-8 are surrogates.

    Returns:
        The same, where each such byte is a question mark in a diamond.
    """
    return name.encode(errors="surrogateescape").decode(errors="replace")


def printable(name: str) -> str:
    r"""A name in one line of a message.

    Args:
        name: As the system gives it.

    Returns:
        Its text as UTF-8, with line breaks and other control characters as escapes, such as \n.
    """
    return "".join(c.encode("unicode_escape").decode() if category(c) in _BREAKING else c for c in as_utf8(name))


def duration(seconds: float) -> str:
    """A duration in its two largest units.

    Args:
        seconds: The duration.

    Returns:
        As in '3 h 25 min'.
    """
    rounded = round(seconds)
    hours, minutes = divmod(rounded // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rounded % 60} s" if minutes else f"{seconds:.1f} s"
