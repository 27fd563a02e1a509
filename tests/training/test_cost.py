"""What a training costs is said before it is paid, and saying it changes nothing."""

import itertools
import re
from io import StringIO

import pytest
import torch
from rich.console import Console
from torch import nn

from semisup.config.nodes import build, load_data, load_source
from semisup.config.resolve import complete
from semisup.config.rounds import later_steps
from semisup.runs.run import run as train
from semisup.training.callbacks import Cost
from semisup.training.cost import activation_bytes, expected_seconds, images_per_step, usual_seconds
from semisup.training.fit import make_method


def printed() -> Console:
    return Console(file=StringIO(), width=400)


@pytest.fixture
def trained(config):
    """Trains with a Cost of these arguments, or without one: the method, and what was printed."""

    def train_with(*more, **arguments):
        full, console = complete(config(*more)), printed()
        store = load_source(full)
        data, method, training = load_data(full, store), make_method(full, store), build(full["trainer"])
        callbacks = [Cost(console, full, method, data, **arguments)] if arguments else []
        training.trainer(callbacks, [], len(data.split.validation) > 0).fit(method, datamodule=data)
        return method, console.file.getvalue()

    return train_with


def test_a_network_keeps_the_inputs_of_layers_and_no_weights():
    """Per image: 4 inputs of the first layer, 3 that ReLU gives and the second layer takes: 7 numbers of 4 bytes."""
    network = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    assert activation_bytes(network, torch.zeros(2, 4)) == 28


def test_looking_at_a_network_leaves_its_statistics_and_its_mode():
    network = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.5))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    random = torch.get_rng_state()
    activation_bytes(network, torch.randn(2, 4, generator=torch.Generator().manual_seed(0)))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert all(module.training for module in network.modules())


def test_the_expected_time_has_steps_and_evaluations():
    """10 steps of 3 s; 20 images to evaluate, of which a step has 40 with backward passes: 3 s * 20 / (3 * 40) = .5."""
    assert expected_seconds(3.0, 10, 20, 40) == 30.5


def test_images_of_all_views_count(config):
    """8 labeled ones, and 16 unlabeled ones in a weak and a strong view."""
    full = complete(config("method=fixmatch"))
    store = load_source(full)
    assert images_per_step(make_method(full, store), load_data(full, store)) == 8 + 2 * 16


def test_the_line_has_the_times_of_the_clock(trained):
    """The clock goes 5 s forward each time that it is read: after each step, until four of them have taken 20 s.

    After step 5, 7 steps follow, with one evaluation of 20 images, and a step has 40: 5 * (7 + 20 / 120) = 35.8 s. A
    later round of 60 steps has 300 s.
    """
    clock = itertools.count(0, 5).__next__
    more = ("method=fixmatch", "trainer.val_check_interval=12")
    _, text = trained(*more, clock=clock, later_steps=60, limit=2_000_000_000_000)
    assert re.fullmatch(
        r"expected: 35\.8 s for 7 more steps \(5\.0 s each\) and evaluations; then at most 5 min 0 s for later "
        r"rounds, if their steps are alike; memory so far \d+\.\d of 2000\.0 GB\.\n",
        text,
    )


def test_steps_around_an_evaluation_are_not_timed(trained):
    """Evaluations after steps 4 and 8. Steps 2, 3, 4 and 6 are timed, and step 5 is not: 6 s are said after step 6.

    The clock is read after each step: 0, 6, 12, 18, then 1000 after the evaluation, and 1006. 6 steps and two
    evaluations of 20 images follow: 6 * (6 + 40 / (3 * 40)) = 38.
    """
    clock = iter([0, 6, 12, 18, 1000, 1006]).__next__
    _, text = trained("method=fixmatch", clock=clock)
    assert text.startswith("expected: 38.0 s for 6 more steps (6.0 s each)")


WARM_UP = [20.0, 9.0, 5.0, 2.0]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], None),
        ([0.1] * 9, None),
        ([0.1] * 10, 0.1),
        ([5.0] * 3, None),
        ([5.0] * 4, 5.0),
        (WARM_UP, None),
        ([*WARM_UP, 0.5], None),  # 2 s are not like .5 s
        ([*WARM_UP, 0.5, 0.5, 0.5, 0.5, 0.5], 0.5),  # the thirds are 2, .5, .5 and .5, .5, .5
        ([1.0, 1.0, 1.0, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1], 0.1),  # one slow step changes nothing
        ([0.4] * 7 + [0.1] * 3, None),
        ([0.1 * 1.1**i for i in range(50)], 0.1 * 1.1**37),  # slower and slower: nobody waits for ever
        ([40.0, 30.0, 20.0, 10.0], 15.0),
    ],
)
def test_the_first_steps_are_not_taken_for_the_others(times, expected):
    """The median of the later half, once the last third is like the third before it; 50 steps or 60 s are the end."""
    found = usual_seconds(times)
    assert found == (None if expected is None else pytest.approx(expected, rel=0.05))


def test_an_evaluation_is_no_part_of_a_step(trained):
    """It is after each step: there is no step to time, and nothing is said."""
    assert trained("trainer.val_check_interval=1", limit=10**13)[1] == ""


def test_what_is_long_and_what_is_short_is_a_warning_with_the_options_that_help(trained):
    clock = itertools.count(0, 1000).__next__
    _, text = trained("method=fixmatch", clock=clock, brief=True, limit=1_000_000)
    memory, time = text.splitlines()
    assert re.match(r"warning a step needs about \d+\.\d of 0\.0 GB of memory\. To take less, lower ", memory)
    assert re.match(r"warning this training takes 1 h \d+ min\. To shorten it, lower ", time)
    for line in (memory, time):
        for option in ("batch.labeled (8)", "batch.ratio (2)", "backbone=small_cnn", "experiment=frozen_pseudo_label"):
            assert option in line
        assert "bf16" not in line, "it gains nothing on a CPU"
        assert "data.size" not in line, "the digits have no such option"
    assert "trainer.micro_batches=2" in memory
    assert "trainer.max_steps (12)" in time


def test_a_training_is_the_same_with_and_without_the_line(trained):
    """Batch norm and dropout are where a look at the network could leave a trace."""
    more = ("method=fixmatch", "~backbone.hidden", "backbone=small_cnn", "data.labels=20", "data.validation=0")
    with_line, text = trained(*more, brief=False)
    without, _ = trained(*more)
    assert text.startswith("expected: ")
    for name, value in with_line.state_dict().items():
        assert torch.equal(value, without.state_dict()[name]), name


def test_each_round_says_it_once_and_a_sweep_does_not(config):
    more = ("method=self_training", "labeler.threshold=.12", "rounds.students=1", "trainer.max_steps=60")
    for brief, count in ((False, 2), (True, 0)):
        result = train(config(*more, f"seed={int(brief)}"), (out := printed()), brief=brief)
        assert out.file.getvalue().count("expected: ") == count
        assert result["peak_memory"] > 10**8


def test_the_steps_of_later_rounds(config):
    """Two students of 5 steps and 3 steps of fine-tuning: after the teacher 13, after both 3, at the end none."""
    more = ("method=self_training", "rounds.students=2", "rounds.student_steps=5", "rounds.finetune_steps=3")
    full = complete(config(*more))
    assert [later_steps(full, number) for number in range(4)] == [13, 8, 3, 0]
