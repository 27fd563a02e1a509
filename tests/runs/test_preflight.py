"""What does not go together is refused before a folder is made, and training ends with the cause."""

from typing import Any, ClassVar

import pytest
import torch

from semisup.core.errors import SemisupError
from semisup.methods import Supervised

CNN = ("backbone=resnet18", "batch.labeled=1", "batch.ratio=1", "method=supervised")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["data.noise=.3"], r"data\.noise=0\.3 has no effect on the images of digits: leave it out"),
        (["data=wine", "data.validation=0", "data.flip=false"], r"data\.flip=false has no effect on the rows of wine"),
        (["trainer.precision=16-mixed"], r"16-mixed is for accelerators: on a CPU, write bf16-mixed or 32-true"),
        (["trainer.precision=64-true"], r"64-true is for rows of numbers, and digits has images"),
    ],
)
def test_an_option_without_effect_is_refused(options, sentence, run, tmp_path):
    with pytest.raises(SemisupError, match=sentence):
        run("method=supervised", "trainer.accelerator=cpu", *options)
    assert not (tmp_path / "runs").exists()


def test_rows_of_numbers_may_be_trained_in_64_bits(run):
    assert run("data=wine", "data.labels=40", "trainer.precision=64-true", "method=uda")["steps"] == 12


def test_batch_norm_with_one_image_is_a_sentence(run, config):
    with pytest.raises(SemisupError, match=r"ResNet18 has batch norm, which needs more than one image: raise batch"):
        run(*CNN, "~backbone.hidden")


class BreaksLast(Supervised):
    """A method from outside the package, whose last gradient is not finite while its loss is."""

    last: ClassVar[int] = 12

    def on_before_optimizer_step(self, optimizer: Any) -> None:
        if self.trainer.global_step == self.last - 1:
            for parameter in self.network.parameters():
                parameter.grad = torch.full_like(parameter, torch.nan)


@pytest.mark.parametrize("validation", [0, 20])
def test_weights_that_break_in_the_last_step_are_not_a_result(validation, run, tmp_path):
    options = ["method=supervised", "method._target_=tests.runs.test_preflight.BreaksLast", "method.ema=0"]
    with pytest.raises(SemisupError, match=r"a weight is no finite number after step 12; .*Lower optimizer\.lr"):
        run(*options, f"data.validation={validation}")
    assert not list((tmp_path / "runs").glob("*/result.json"))


def test_one_unlabeled_image_in_a_step_of_softmatch(run):
    result = run("method=softmatch", "data.unlabeled=1", "batch.labeled=1", "batch.ratio=1")
    assert result["steps"] == 12
