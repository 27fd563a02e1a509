"""Mean Teacher by hand."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from semisup.config.nodes import load_source
from semisup.config.resolve import complete
from semisup.core.errors import SemisupError
from semisup.data import Batch
from semisup.methods import MeanTeacher
from semisup.training.fit import make_method
from tests.methods.by_hand import LABELED, close, method, probabilities


def test_the_target_is_the_prediction_of_the_average():
    """The average doubles the logits: of (.6, .4) it makes (.36, .16) / .52 = (.69231, .30769). The student: (.8, .2).

    Halfway up the ramp w = 50 / 2, and L = .10536 + 25 · .10769² = .10536 + .28994 = .39530
    """
    network = nn.Linear(2, 2, bias=False)
    nn.init.eye_(network.weight)
    mean_teacher = MeanTeacher(network)
    mean_teacher.progress = 0.2
    mean_teacher.ema.network.weight.mul_(2)
    weak_2 = probabilities([0.6, 0.4]).requires_grad_()
    output = mean_teacher.loss(LABELED, Batch(weak=probabilities([0.8, 0.2]), weak_2=weak_2))
    loss = output.loss
    close(loss, 0.39530)
    loss.backward()
    assert weak_2.grad is None
    assert mean_teacher.ema.network.weight.grad is None
    assert output.pseudo_labels is None


def test_the_teacher_follows_each_step(config, run, tmp_path):
    """With a decay of .05, one step makes the teacher .05 of the initial network and .95 of the trained one."""
    more = ("method=mean_teacher", "method.ema=0.05", "trainer.max_steps=1")
    run(*more)
    (checkpoint,) = tmp_path.glob("runs/*/round0/last.ckpt")
    state = torch.load(checkpoint, weights_only=True)["state_dict"]
    full = complete(config(*more))
    initial = make_method(full, load_source(full)).network.state_dict()
    for name, value in initial.items():
        trained, teacher = state[f"network.{name}"], state[f"ema.network.{name}"]
        assert not torch.equal(trained, value)
        assert_close(teacher, 0.05 * value + 0.95 * trained)


def test_without_a_moving_average_there_is_no_teacher():
    with pytest.raises(SemisupError, match=r"method\.ema must be above 0"):
        method(MeanTeacher, ema=0)
