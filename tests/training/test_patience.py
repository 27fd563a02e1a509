"""A training ends when validation no longer improves, and a stopped one remembers that."""

import pytest

from semisup.training.callbacks import Interrupted
from tests.training.troubled import MINE, only

# The learning rate is too small to change a prediction: no evaluation is better than the first.
PATIENT = (*MINE, "optimizer.lr=1e-12", "trainer.val_check_interval=2", "trainer.patience=2", "method.t2=1")


def test_patience_ends_a_training_for_good(run, outcome, troubled, tmp_path):
    """Evaluations after steps 2, 4 and 6: two of them without a better accuracy."""
    steps = troubled()
    result = run(*PATIENT)
    assert (result["steps"], steps) == (6, [*range(6)])
    whole = outcome()
    (only(tmp_path / "runs") / "result.json").unlink()  # killed after the training, before the test
    of_a_session = {"seconds": 0, "peak_memory": 0}
    assert run(*PATIENT) | of_a_session == result | of_a_session
    assert steps == [*range(6)]
    assert outcome() == whole


@pytest.mark.parametrize("at", [3, 4])
def test_patience_is_remembered_by_a_run_that_was_stopped(at, run, outcome, troubled, tmp_path):
    run(*PATIENT, f"runs_dir={tmp_path / 'uninterrupted'}")
    steps = troubled("SIGTERM", at=at)
    with pytest.raises(Interrupted):
        run(*PATIENT)
    troubled()
    run(*PATIENT)
    assert outcome() == outcome(tmp_path / "uninterrupted")
    assert steps == [*range(at + 1)]


def test_a_stop_in_the_step_that_patience_ends_with_is_an_end(run, outcome, troubled, tmp_path):
    run(*PATIENT, f"runs_dir={tmp_path / 'uninterrupted'}")
    troubled("SIGTERM", at=5)
    with pytest.raises(Interrupted):
        run(*PATIENT)
    steps = troubled()
    run(*PATIENT)
    assert steps == []
    assert outcome() == outcome(tmp_path / "uninterrupted")


def test_patience_without_validation_images_is_idle(run):
    assert run("method=supervised", "data.validation=0", "trainer.patience=1")["steps"] == 12
