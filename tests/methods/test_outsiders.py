"""A method from outside the package is trained, evaluated, resumed and predicted with like one of the package."""

from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from semisup.core.errors import SemisupError
from semisup.data.sources import digits
from semisup.methods.optimizers import sgd
from semisup.models.backbones import MLP
from semisup.runs.run import run as start
from semisup.runs.trained_run import open_run
from tests.methods.outsiders import AdaMatch, CoTraining, Projected, Rotated, TaughtStudent

METHODS = (AdaMatch, Projected, Rotated, TaughtStudent, CoTraining)
SEVERAL = (TaughtStudent, CoTraining)


def chosen(method: type, *more: str) -> list[str]:
    backbone = ["backbone.hidden=[8]"] if method is not Rotated else []
    return ["method=supervised", f"method._target_=tests.methods.outsiders.{method.__name__}", *backbone, *more]


def last(runs: Path) -> dict:
    (file,) = runs.glob("*/round0/last.ckpt")
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("method", METHODS)
def test_every_module_of_an_outsiders_method_is_trained(method, run, tmp_path):
    """A step of Adam with rate r moves a weight by about r: all modules move in each of the 12 steps."""
    run(*chosen(method, "trainer.max_steps=1", "optimizer.schedule=constant"))
    first = last(tmp_path / "runs")["state_dict"]
    run(*chosen(method, "optimizer.schedule=constant", f"runs_dir={tmp_path / 'longer'}"))
    then = last(tmp_path / "longer")["state_dict"]
    weights = [key for key in first if key.endswith("weight")]
    assert len(weights) >= 3
    assert [key for key in weights if torch.equal(first[key], then[key])] == []


@pytest.mark.parametrize("method", SEVERAL)
def test_with_several_optimizers_everything_is_counted_in_batches(method, run, tmp_path):
    """12 batches: schedules end at 0, 3 evaluations, 6 points of the curves, and the average has seen 12 steps."""
    run(*chosen(method, "optimizer.schedule=cosine"))
    checkpoint = last(tmp_path / "runs")
    assert checkpoint["global_step"] == 12
    assert [s["last_epoch"] for s in checkpoint["lr_schedulers"]] == [12, 12]
    for optimizer in checkpoint["optimizer_states"]:
        assert {int(state["step"]) for state in optimizer["state"].values()} == {12}
        assert all(group["lr"] == pytest.approx(0, abs=1e-9) for group in optimizer["param_groups"])
    (curves,) = (tmp_path / "runs").glob("*/round0/metrics.csv")
    header, *rows = [line.split(",") for line in curves.read_text().splitlines()]
    assert [row[0] for row in rows] == ["2", "4", "6", "8", "10", "12"]
    validated = header.index("validation/accuracy")
    assert [row[0] for row in rows if row[validated]] == ["4", "8", "12"]


def test_the_average_follows_a_network_that_is_one_of_several_parts(run, tmp_path):
    """Without a decay limit, step t has d = (1 + t) / (10 + t): after one step θ' = θ_0 · 2/11 + θ_1 · 9/11."""
    run(*chosen(TaughtStudent, "trainer.max_steps=1"))
    state = last(tmp_path / "runs")["state_dict"]
    torch.manual_seed(0)
    for name in ("network.head.weight", "network.head.bias"):
        moved = (state[f"ema.{name}"] - state[name]).abs().max()
        assert 0 < moved < 1e-3, "Adam's first step has the size of its rate, .001, of which 2/11 is not yet followed"
        assert moved == pytest.approx(2 / 11 * 1e-3, rel=0.05)


def test_the_rate_of_a_part_is_its_own(run, tmp_path):
    run(*chosen(TaughtStudent, "method.teacher_rate=.25", "optimizer.schedule=constant", "trainer.max_steps=2"))
    checkpoint = last(tmp_path / "runs")
    rates = [[group["lr"] for group in o["param_groups"]] for o in checkpoint["optimizer_states"]]
    assert rates == [[1e-3, 1e-3], [2.5e-4, 2.5e-4]]
    (curves,) = (tmp_path / "runs").glob("*/round0/metrics.csv")
    header, row = [line.split(",") for line in curves.read_text().splitlines()][:2]
    assert float(row[header.index("train/lr")]) == 1e-3
    assert float(row[header.index("train/lr_teacher")]) == 2.5e-4


@pytest.mark.parametrize("method", SEVERAL)
def test_several_optimizers_resume_exactly(method, run, config, outcome, tmp_path, monkeypatch):
    """Fails in step 7, with checkpoints after steps 3, 4 (of an evaluation) and 6."""

    def fail(self, labeled, unlabeled):
        if self.step == 7:
            raise ZeroDivisionError
        return untouched(self, labeled, unlabeled)

    untouched = method.loss
    monkeypatch.setattr(method, "loss", fail)
    more = chosen(method, "trainer.save_every=3")
    with pytest.raises(ZeroDivisionError):
        start(config(*more), Console(quiet=True))
    monkeypatch.setattr(method, "loss", untouched)
    run(*more)
    resumed = outcome()
    run(*more, f"runs_dir={tmp_path / 'uninterrupted'}")
    assert resumed == outcome(tmp_path / "uninterrupted")


def test_gradients_of_each_part_are_clipped(run, tmp_path):
    """SGD without momentum at a rate of 1: a step is as long as the clipped gradient, .01."""
    options = ["optimizer=sgd", "optimizer.lr=1", "optimizer.momentum=0", "optimizer.nesterov=false"]
    options += ["optimizer.weight_decay=0", "optimizer.schedule=constant"]
    states = []
    for steps in (1, 2):
        runs = tmp_path / str(steps)
        more = [f"trainer.max_steps={steps}", "trainer.gradient_clip_val=.01", f"runs_dir={runs}"]
        run(*chosen(CoTraining, *options, *more))
        states.append(last(runs)["state_dict"])
    for part in CoTraining.parts:
        keys = [key for key in states[0] if key.startswith(f"{part}.")]
        length = sum((states[1][key] - states[0][key]).square().sum() for key in keys).sqrt()
        assert length.item() == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_the_network_that_is_predicted_with_is_the_one_that_was_tested(method, run, data_dir, tmp_path):
    """From a checkpoint that holds other modules beside it: its probabilities are those of predictions.npz."""
    run(*chosen(method))
    (folder,) = (tmp_path / "runs").iterdir()
    images = digits(data_dir).test_images
    opened = open_run(folder, allow=["tests"])
    probability = opened.classifier(torch.from_numpy(np.array(images))).detach()
    saved = torch.from_numpy(np.load(folder / "predictions.npz")["probability"])
    torch.testing.assert_close(probability, (saved.log() / (opened.temperature or 1)).softmax(-1))


def test_a_parameter_that_no_part_has_is_refused(run, monkeypatch):
    monkeypatch.setattr(TaughtStudent, "parts", ("network",))
    with pytest.raises(SemisupError, match=r"^TaughtStudent: no part has the parameter teacher\..*weight, so nothing"):
        run(*chosen(TaughtStudent))


def test_an_evaluated_network_that_no_checkpoint_would_hold_is_refused(run, monkeypatch):
    network = MLP((1, 8, 8), 10, hidden=[8])
    monkeypatch.setattr(CoTraining, "eval_network", property(lambda self: network))
    with pytest.raises(SemisupError, match=r"^CoTraining\.eval_network is not a module of the method"):
        run(*chosen(CoTraining))


def test_what_several_optimizers_cannot_do_is_one_sentence(run):
    with pytest.raises(SemisupError, match=r"^tune=lr is for one optimizer, and CoTraining has several"):
        run(*chosen(CoTraining, "tune=lr"))
    with pytest.raises(
        SemisupError, match=r"^trainer\.micro_batches is for methods with one optimizer, and CoTraining"
    ):
        run(*chosen(CoTraining, "trainer.micro_batches=2"))


def test_an_option_that_a_loss_does_not_use_is_refused(run):
    said = r"^method\.targets_from=evaluation has no effect in Rotated; leave it out\.$"
    with pytest.raises(SemisupError, match=said):
        run(*chosen(Rotated, "method.targets_from=evaluation"))


def test_the_optimizer_of_a_method_with_one_covers_all_modules():
    method = Projected(MLP((4,), 3), optimizer=sgd())
    count = sum(len(group["params"]) for group in method.optimizer.optimizer(method).param_groups)
    assert count == len([p for m in (method.network, method.projection) for p in m.parameters()])
