"""A logger whose failure costs its own curves, and never the run."""

from collections.abc import Callable, Mapping
from typing import Any

from lightning.pytorch.loggers import Logger
from rich.console import Console

from semisup.core.terminal import warn


class GuardedLogger(Logger):
    """Passes everything on to a logger, until that fails. Then it warns, and passes on nothing more.

    Args:
        logger: Of another program, such as Weights & Biases.
        console: Where the warning is printed.
    """

    def __init__(self, logger: Logger, console: Console) -> None:
        super().__init__()
        self.logger, self.console = logger, console
        self.has_failed = False

    @property
    def name(self) -> str | None:
        """Lightning asks for it."""
        return type(self.logger).__name__

    @property
    def version(self) -> str:
        """Lightning asks for it."""
        return ""

    def attempt(self, call: Callable[[], object]) -> None:
        """Calls the logger, if it has not failed.

        Args:
            call: Does so.
        """
        if self.has_failed:
            return
        try:
            call()
        except Exception as error:  # whatever another program raises
            self.has_failed = True
            reason = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".:")
            warn(
                self.console,
                f"{self.name} has failed and gets nothing more ({reason}); the run goes on, and metrics.csv has all "
                "curves.",
            )

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Passes metrics on.

        Args:
            metrics: Values by name.
            step: Counted from 0, as Lightning does.
        """
        self.attempt(lambda: self.logger.log_metrics(dict(metrics), step))

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Passes options on.

        Args:
            params: Values by name.
            args: Further arguments.
            kwargs: Further arguments.
        """
        self.attempt(lambda: self.logger.log_hyperparams(params, *args, **kwargs))

    def save(self) -> None:
        """Asks the logger to write."""
        self.attempt(self.logger.save)

    def finalize(self, status: str) -> None:
        """Tells the logger that the training has ended.

        Args:
            status: How it has ended, such as 'success'.
        """
        self.attempt(lambda: self.logger.finalize(status))
