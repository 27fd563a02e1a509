"""What `data.labels`, `data.validation` and `data.unlabeled` say, in numbers of images."""

from semisup.core.errors import SemisupError
from semisup.core.ranges import Fraction, NonNegativeInt, PositiveInt
from semisup.data.store import Store

Labels = PositiveInt | str
Unlabeled = NonNegativeInt | str
Validation = NonNegativeInt | Fraction


def of_head(number: int | str) -> int | None:
    """N of 'N/head'.

    Args:
        number: As the user wrote it.

    Returns:
        The images of the largest class; None of another form.
    """
    text = str(number).removesuffix("/head")
    return int(text) if text != str(number) and text.isdecimal() else None


def number_of_labels(store: Store, labels: Labels, available: int) -> int:
    """How many labels a split uses.

    Args:
        store: The data set.
        labels: A total, 'N/class' or 'all'.
        available: How many labels there are.

    Returns:
        The number, validation included.

    Raises:
        SemisupError: If it is of another form, or more than there are.
    """
    text = str(labels)
    if text == "all":
        total = available
    elif text.endswith("/class") and text.removesuffix("/class").isdecimal():
        total = int(text.removesuffix("/class")) * len(store.classes)
    elif text.isdecimal():
        total = int(text)
    else:
        raise SemisupError(f"data.labels={labels} is not valid: it is a number, '4/class', '1500/head' or 'all'.")
    if total > available:
        raise SemisupError(f"data.labels={labels} asks for {total:,} labels; {store.name} has {available:,}.")
    return total


def number_of_validation(validation: Validation, total: int) -> int:
    """How many of the labeled images validate.

    Args:
        validation: A number, or a fraction below 1.
        total: The labels.

    Returns:
        The number.

    Raises:
        SemisupError: If none is left to train.
    """
    spent = round(validation * total) if 0 < validation < 1 else int(validation)
    if spent >= total:
        raise SemisupError(
            f"data.validation={validation} takes all {total:,} labels, and none is left to train; lower it."
        )
    return spent
