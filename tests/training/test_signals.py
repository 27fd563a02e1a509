"""A signal outside the steps of a training, or two of them: one sentence, the right exit status, and nothing lost."""

import os
import signal
from typing import Any, ClassVar

import pytest

from semisup.core.errors import exit_code
from semisup.core.signals import Signalled, signals_raise
from semisup.methods import PseudoLabel
from semisup.models.backbones import Backbone

MINE = ("method=pseudo_label", "method._target_=tests.training.test_signals.Interrupting", "trainer.save_every=3")


class Interrupting(PseudoLabel):
    """A method from outside the package, during which signals come."""

    moment: ClassVar[str] = ""
    signals: ClassVar[tuple[int, ...]] = ()

    def come(self, moment: str) -> None:
        if moment == self.moment:
            for number in self.signals:
                os.kill(os.getpid(), number)

    def __init__(self, network: Backbone, **base: Any) -> None:
        super().__init__(network, **base)
        self.come("setup")

    def loss(self, *args: Any) -> Any:
        self.come(f"step {self.trainer.global_step}")
        return super().loss(*args)

    def validation_step(self, *args: Any) -> Any:
        self.come(f"validation {self.trainer.state.fn.value}")
        return super().validation_step(*args)

    def test_step(self, *args: Any) -> Any:
        self.come("test")
        return super().test_step(*args)


@pytest.mark.parametrize(
    ("moment", "signals"),
    [
        ("setup", [signal.SIGINT]),
        ("step 4", [signal.SIGINT, signal.SIGINT]),
        ("step 4", [signal.SIGTERM, signal.SIGINT]),
        ("validation validate", [signal.SIGINT]),
        ("test", [signal.SIGTERM]),
        ("test", [signal.SIGINT]),
    ],
)
def test_a_signal_is_one_sentence_and_the_same_command_ends_as_if_it_had_not_come(
    moment, signals, cli, overrides, run, outcome, monkeypatch, tmp_path
):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    monkeypatch.setattr(Interrupting, "moment", moment)
    monkeypatch.setattr(Interrupting, "signals", tuple(signals))
    status, _, error = cli(*overrides(*MINE))
    assert status == 128 + signals[-1]
    assert error == "semisup: interrupted; the same command continues from what is saved.\n"
    monkeypatch.setattr(Interrupting, "moment", "")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    run(*MINE)
    run(*MINE, f"runs_dir={tmp_path / 'uninterrupted'}")
    assert outcome() == outcome(tmp_path / "uninterrupted")


def test_no_handler_of_errors_swallows_a_signal(capsys):
    def command() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except Exception:
            pytest.fail("it was taken for an error")

    with signals_raise():
        assert exit_code(command) == 143
    assert capsys.readouterr().err.startswith("semisup: interrupted;")
    assert not issubclass(Signalled, KeyboardInterrupt), "which Lightning ends with an exit of its own"
