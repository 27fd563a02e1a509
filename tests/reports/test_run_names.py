"""What groups of runs are called, and which options go along with the number of labels."""

from typing import Any

from semisup.reports.comparison.run_names import following, full_names, short_names, without
from tests.reports.finished_runs import FIXMATCH, PSEUDO_LABEL, SUPERVISED


def config(method: dict[str, Any], **batch: int) -> dict[str, Any]:
    return {"batch": {"ratio": 7, **batch}, "method": method, "backbone": {"_target_": "m.MLP", "hidden": [32]}}


def budget(count: int, method: dict[str, Any], steps: int, validation: int) -> dict[str, Any]:
    data = {"_target_": "d.digits", "labels": count, "validation": validation}
    return {"data": data, "method": method, "trainer": {"_target_": "t.Training", "max_steps": steps}}


def test_labels_say_what_differs_and_nothing_else():
    low = {**PSEUDO_LABEL, "threshold": 0.0}
    assert full_names([config(SUPERVISED), config(PSEUDO_LABEL)]) == ["method=supervised", "method=pseudo_label"]
    assert full_names([config(low), config(PSEUDO_LABEL)]) == [
        "pseudo_label threshold=0.0",
        "pseudo_label threshold=0.95",
    ]
    assert full_names([config(SUPERVISED), config(low), config(PSEUDO_LABEL, ratio=3)]) == [
        "method=supervised, batch ratio=7",
        "method=pseudo_label threshold=0.0, batch ratio=7",
        "method=pseudo_label threshold=0.95, batch ratio=3",
    ]
    assert full_names([config(SUPERVISED), config({**PSEUDO_LABEL, "ema": 0.999})]) == [
        "method=supervised ema=0.0",
        "method=pseudo_label ema=0.999",
    ]
    assert full_names([config(SUPERVISED), config({"_target_": "mine.Supervised"})]) == [
        "method=semisup.methods.Supervised",
        "method=mine.Supervised",
    ]


def test_a_node_that_only_some_have_is_named_by_its_class():
    """Options of the one teacher there is tell nothing; those of two embeddings do. A part without a class has none."""
    alone = {"method": {"_target_": "m.SelfTraining", "ema": 0.0}, "teacher": None, "embedding": None, "rounds": None}
    teacher = {**alone, "teacher": FIXMATCH, "rounds": {"students": 2}}
    assert full_names([alone, teacher]) == ["teacher=null, rounds=null", "teacher=fixmatch"]
    clusters = [{**alone, "embedding": {"_target_": "e.PCA", "size": size}} for size in (8, 16)]
    assert full_names([alone, *clusters]) == ["embedding=null", "embedding=pca size=8", "embedding=pca size=16"]
    del alone["teacher"]
    assert full_names([alone, {**alone, "teacher": FIXMATCH}]) == ["method=self_training", "teacher=fixmatch"]


def test_short_names_are_the_method_and_what_tells_it_from_others_of_that_method():
    full = ["method=supervised, batch ratio=7"]
    full += ["method=pseudo_label threshold=0.0, batch ratio=7", "method=pseudo_label threshold=0.5, batch ratio=7"]
    assert short_names(full) == ["supervised", "pseudo_label threshold=0.0", "pseudo_label threshold=0.5"]
    assert short_names(["method=supervised", "method=supervised"]) == ["supervised", "supervised"]


def test_methods_whose_short_names_would_be_the_same_or_long_are_numbered():
    """The words of the two vats are the same, and only their nodes tell them apart; five words are too many."""
    full = ["method=vat, a weight=1, b weight=2", "method=vat, a weight=2, b weight=1"]
    full += ["method=supervised a=1 b=1 c=1 d=1", "method=supervised a=2 b=2 c=2 d=2", "method=pi_model a=1"]
    assert short_names([*full, full[3]]) == [
        "vat 1",
        "vat 2",
        "supervised 1",
        "supervised 2",
        "pi_model",
        "supervised 2",
    ]


def test_options_that_go_along_with_the_number_of_labels_follow_it():
    configs = [budget(50, SUPERVISED, 100, 5), budget(500, SUPERVISED, 1000, 50)]
    configs += [budget(50, FIXMATCH, 200, 5), budget(500, FIXMATCH, 2000, 50)]
    assert following(configs) == ["data.validation", "trainer.max_steps"]


def test_an_option_that_is_tried_at_one_number_of_labels_does_not_follow_it():
    """Thresholds of .95 and .8 with 500 labels: which of them a run has is not said by its number of labels."""
    low = {**FIXMATCH, "threshold": 0.8}
    assert following([budget(50, low, 100, 5), budget(500, low, 100, 5), budget(500, FIXMATCH, 100, 5)]) == []


def test_nothing_follows_a_single_number_of_labels():
    assert following([budget(50, SUPERVISED, 100, 5), budget(50, FIXMATCH, 200, 5)]) == []


def test_options_are_taken_out_by_their_path():
    assert without({"a": {"b": 1, "c": 2}, "d": 3}, ["a.b", "d"]) == {"a": {"c": 2}}
