"""The config of each round, and what is wrong with one of them, found before the first is trained."""

import pytest

from semisup.config.resolve import complete
from semisup.config.rounds import Rounds, round_config
from semisup.core.errors import SemisupError


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"students": -1}, "students=-1 is not valid: it is a whole number of at least 0"),
        ({"student_steps": 0}, "student_steps=0 is not valid: it is a whole number of at least 1"),
        ({"patience": True}, "patience=True is not valid"),
        ({"tolerance": 1.0}, "tolerance=1.0 is not valid: it is a number of at least 0 and below 1"),
        ({"finetune_lr": float("nan")}, "finetune_lr=nan is not valid: it is a number above 0"),
        ({"labels": "a.csv"}, "ask for one with rounds.students=1"),
    ],
)
def test_rounds_that_make_no_sense_are_refused(options, sentence):
    with pytest.raises(SemisupError, match=sentence):
        Rounds(**options)


def test_students_may_have_other_networks_and_noise_where_the_network_has_it(config):
    more = ("method=noisy_student", "rounds.students=3", "rounds.backbones=[{hidden:[48]},{hidden:[64]}]")
    full = complete(config(*more))
    nodes = [round_config(full, number)["backbone"] for number in range(4)]
    assert [node["hidden"] for node in nodes] == [[32], [48], [64], [64]]
    assert [node["dropout"] for node in nodes] == [0.3, 0.5, 0.5, 0.5]
    assert "stochastic_depth" not in nodes[1]


def test_a_student_with_a_network_of_its_own_is_noised_too_unless_it_says_otherwise(config):
    entries = (
        "{_target_:semisup.models.backbones.WideResNet},{_target_:semisup.models.backbones.WideResNet,dropout:0.1}"
    )
    full = complete(config("method=noisy_student", "rounds.students=2", f"rounds.backbones=[{entries}]"))
    one, two = (round_config(full, number)["backbone"] for number in (1, 2))
    assert (one["dropout"], one["stochastic_depth"]) == (0.5, 0.2)
    assert (two["dropout"], two["stochastic_depth"]) == (0.1, 0.2)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ("method=noisy_student", "rounds.backbones=[{hiden:[48]}]"),
            r"no option rounds.backbones\[0\].hiden; did you mean 'hidden'",
        ),
        (("method=noisy_student", "rounds.backbones={hidden:[4]}"), "rounds.backbones is a list"),
        (("method=noisy_student", "rounds.noise.drpout=.4"), "no option rounds.noise.drpout; did you mean 'dropout'"),
        (("method=noisy_student", "rounds.patience=1", "data.validation=0"), "rounds.patience needs validation images"),
        (("method=self_training", "labeler.calibrate=true", "data.validation=0"), r"ask for data\.validation"),
        (("method=fixmatch", "rounds.students=1"), "need a labeler; write labeler=confident"),
        (("method=self_training", "labeler=null"), "need a labeler"),
        (
            ("method=fixmatch", "labeler=confident", "rounds.students=1", "labeler.weight=.1"),
            "labeler.weight=0.1 has no effect: fixmatch takes",
        ),
        (("method=fixmatch", "method@teacher=supervised"), "a teacher needs students"),
    ],
)
def test_what_is_wrong_with_a_later_round_is_refused_before_the_first_one(options, sentence, config):
    with pytest.raises(SemisupError, match=sentence):
        complete(config(*options))
