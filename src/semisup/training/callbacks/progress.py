"""A progress bar; where there is no terminal, one line per evaluation."""

from typing import Any

from lightning.pytorch import Callback, Trainer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class ProgressBar(Callback):
    """Shows the steps done, the time left, and the last validation accuracy.

    Args:
        console: Where it is shown.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bar: Progress | None = None

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
        if not trainer.is_global_zero or not self.console.is_terminal:
            return
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self.bar = Progress(
            TextColumn("training"), *columns, TextColumn(" {task.fields[figures]}"), console=self.console
        )
        self.task = self.bar.add_task("", total=trainer.max_steps, completed=trainer.global_step, figures="")
        self.bar.start()

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.bar is not None:
            self.bar.update(self.task, completed=trainer.global_step)

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        if not trainer.is_global_zero or trainer.state.fn != "fit":
            return
        figures = f"validation accuracy {float(trainer.callback_metrics['validation/accuracy']):.3f}"
        if self.bar is not None:
            self.bar.update(self.task, figures=figures)
        elif not self.console.is_terminal:
            self.console.print(f"step {trainer.global_step:,} of {trainer.max_steps:,}, {figures}")

    def on_train_end(self, trainer: Trainer, pl_module: Any) -> None:
        self._stop()

    def on_exception(self, trainer: Trainer, pl_module: Any, exception: BaseException) -> None:
        self._stop()

    def _stop(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
