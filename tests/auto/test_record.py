"""What a record says of the unlabeled images, in words."""

import pytest

from semisup.auto.record import sentences


def record(chosen: str, **accuracy: float) -> dict:
    rows = [
        {
            "name": name,
            "accuracy": value,
            "difference": value - accuracy["supervised"],
            "trainings": 4,
            "difference_interval": (0.1, 0.5),
        }
        for name, value in accuracy.items()
    ]
    names = [name for name in accuracy if name in ("supervised", "logistic")]
    return {"candidates": rows, "chosen": chosen, "labels_alone": names, "thresholds": [], "twice_as_many_labels": None}


@pytest.mark.parametrize(("chosen", "points"), [("supervised", "+6.0"), ("logistic", "+1.0")])
def test_a_choice_of_the_labels_alone_says_what_the_unlabeled_images_would_bring_to_it(chosen, points):
    """FixMatch has 1 point more than logistic regression, and 6 more than the linear layer."""
    said = sentences(record(chosen, supervised=0.6, logistic=0.65, pseudo_label=0.62, fixmatch=0.66))
    assert said[1:] == [
        "It learns from the labels alone: the unlabeled images bring nothing that these labels can show, at most "
        f"{points} points, by fixmatch."
    ]


def test_an_older_record_knows_of_the_first_candidate_alone():
    older = record("supervised", supervised=0.6, pseudo_label=0.55)
    del older["labels_alone"]
    assert sentences(older)[1].endswith("at most -5.0 points, by pseudo_label.")


def test_a_choice_that_learns_from_unlabeled_images_says_nothing_of_the_kind():
    assert len(sentences(record("fixmatch", supervised=0.6, fixmatch=0.9))) == 1


def test_a_gain_within_chance_is_said_to_be_so():
    of_chance = record("fixmatch", supervised=0.6, fixmatch=0.7)
    of_chance["candidates"][1]["difference_interval"] = (-0.02, 0.22)
    assert sentences(of_chance)[1] == "The +10.0 points that the unlabeled images bring are within chance."


def test_a_mean_names_its_candidates():
    mean = record("average", supervised=0.6, fixmatch=0.9, vote=0.8, average=0.95) | {"averaged": ["fixmatch", "vote"]}
    assert sentences(mean)[0] == "Chosen: the mean of fixmatch, vote."
