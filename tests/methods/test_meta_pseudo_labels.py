"""Meta Pseudo Labels by hand: the networks have a bias and nothing else, and learn by SGD with a rate of 1."""

import warnings

import lightning as L
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from semisup.core.errors import SemisupError
from semisup.data import Batch
from semisup.methods import MetaPseudoLabels
from semisup.methods.optimizers import sgd


class Bias(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.bias + torch.zeros(len(x), 2)


def trained(steps: int, label: int, **options: float) -> MetaPseudoLabels:
    """The student begins with p = (.5, .5), and the teacher with (.75, .25)."""
    optimizer = sgd(lr=1.0, weight_decay=0.0, momentum=0.0, nesterov=False, schedule="constant")
    method = MetaPseudoLabels(Bias(), optimizer=optimizer, ema=0, ramp=0.0, **{"warm_up": 0.0, **options})
    method.teacher.bias.data[0] = torch.tensor(3.0).log()
    image = torch.zeros(1, 2)
    batch = {"labeled": Batch(image=image, label=torch.tensor([label])), "unlabeled": Batch(weak=image, strong=image)}
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = L.Trainer(max_steps=steps, accelerator="cpu", enable_model_summary=False, **quiet)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning's, of a loader without workers
        trainer.fit(method, DataLoader([batch] * steps, batch_size=None))
    return method


def test_the_teacher_is_paid_by_what_its_label_does_for_the_student():
    """The student learns class 0: its bias moves by (.5, -.5), and its labeled loss falls from -log .5 = .69315 to
    -log σ(1) = .31326, so that h = .37989. Gradients of the teacher: its label -.25, its help -.25 · .37989, and
    .75 - .82771 of its weak view, sharpened with T = .7: log 3 + .25 + .09497 + .07771 = 1.52129.
    """
    method = trained(steps=1, label=0)
    assert method.network.bias.tolist() == pytest.approx([0.5, -0.5])
    assert method.teacher.bias.tolist() == pytest.approx([1.52129, -0.42268], abs=1e-4)
    assert method.mean_help.item() == pytest.approx(0.0037989, abs=1e-6)


def test_at_the_end_the_student_learns_the_labels_alone():
    """The first step takes it to p = (.73106, .26894). The second, of label 1, moves it by (-.73106, .73106)."""
    method = trained(steps=2, label=1, fine_tuning=0.9)
    assert method.network.bias.tolist() == pytest.approx([-0.23106, 0.23106], abs=1e-4)


def test_at_first_the_student_learns_the_labels_alone_and_the_teacher_is_not_paid():
    """The student moves by (-.5, .5). The teacher: its label -.75, and .07771 of its weak view, as above."""
    method = trained(steps=1, label=1, warm_up=0.5)
    assert method.network.bias.tolist() == pytest.approx([-0.5, 0.5])
    assert method.teacher.bias.tolist() == pytest.approx([1.09861 - 0.75 + 0.07771, 0.75 - 0.07771], abs=1e-4)


def test_a_student_that_would_never_hear_the_teacher_is_refused():
    with pytest.raises(SemisupError, match="must add up to less than 1"):
        MetaPseudoLabels(Bias(), warm_up=0.5, fine_tuning=0.5)
