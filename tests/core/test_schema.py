"""Signatures as the schema of a config, on classes made up here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from semisup.core.errors import SemisupError
from semisup.core.ranges import NonNegativeInt
from semisup.core.schema import completed, locate, parameters


class Animal:
    def __init__(self, name: str, legs: int = 4, *, weight: float | None = None) -> None:
        pass


class Dog(Animal):
    """Passes on what it does not know, and has another default for what it does."""

    def __init__(self, bark: Literal["loud", "quiet"] = "loud", legs: int = 3, **rest: Any) -> None:
        super().__init__(legs=legs, **rest)


class Puppy(Dog):
    """Has no constructor of its own."""


class Statue(Animal):
    """Passes nothing on."""

    def __init__(self, stone: bool = True) -> None:
        super().__init__("statue")


@dataclass
class Cage:
    sizes: Sequence[int] = (2, 3)
    places: int | Literal["all"] = "all"
    share: int | float = 0.5
    label: int | str = 1
    inhabitant: Animal | None = None


def fed(food: str, times: int = 2) -> None:
    pass


def test_arguments_passed_on_by_kwargs_are_the_base_class_s():
    assert [*parameters(Dog)] == ["bark", "legs", "name", "weight"]
    assert [*parameters(Puppy)] == [*parameters(Dog)]
    assert parameters(Dog)["legs"].default == 3  # the nearest class decides
    assert [*parameters(Statue)] == ["stone"]


def test_defaults_are_filled_in_from_the_signatures():
    node = {"_target_": "zoo.Dog", "name": "Rex", "weight": 3}
    full = completed("pet", node, [Dog])
    assert full == {"_target_": "zoo.Dog", "bark": "loud", "legs": 3, "name": "Rex", "weight": 3.0}
    assert isinstance(full["weight"], float)
    assert node == {"_target_": "zoo.Dog", "name": "Rex", "weight": 3}


def test_two_targets_share_a_node_and_what_is_given_stays_out():
    assert completed("pet", {"food": "hay"}, [fed, Dog], given=("name", "bark")) == {
        "food": "hay",
        "times": 2,
        "legs": 3,
        "weight": None,
    }
    with pytest.raises(SemisupError, match=r"no option pet\.name"):
        completed("pet", {"food": "hay", "name": "Rex"}, [fed, Dog], given=("name",))


def test_true_is_no_number_in_a_list_either():
    with pytest.raises(SemisupError, match=r"cage\.sizes=\[True\] is not valid: it is a list"):
        completed("cage", {"sizes": [True]}, [Cage])


def test_a_tuple_as_default_becomes_a_list_as_yaml_has_it():
    assert completed("cage", {}, [Cage])["sizes"] == [2, 3]
    assert completed("cage", {"sizes": [1]}, [Cage])["sizes"] == [1]


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"name": "a", "leg": 3}, "there is no option pet.leg; did you mean 'legs'?"),
        ({"name": "a", "xyz": 3}, "there is no option pet.xyz; valid are bark, legs, name, weight."),
        ({"name": "a", "bark": "lout"}, "pet.bark=lout is not valid; did you mean 'loud'?"),
        ({"name": "a", "legs": "two"}, "pet.legs=two is not valid: it is a whole number"),
        ({"name": "a", "legs": 2.5}, "pet.legs=2.5 is not valid: it is a whole number"),
        ({"name": "a", "legs": True}, "pet.legs=true is not valid: it is a whole number"),
        ({"name": "a", "weight": []}, "pet.weight=[] is not valid: it is a number or null"),
        ({"name": None}, "pet.name=null is not valid: it is text"),
        ({}, "pet.name must be given; write pet.name=... on the command line."),
        ({"name": "???"}, "pet.name must be given; write pet.name=... on the command line."),
        (3, "pet=3 is not valid: it has options, such as pet.bark."),
    ],
)
def test_what_does_not_fit_is_named(node, message):
    with pytest.raises(SemisupError, match=re.escape(message)):
        completed("pet", node, [Dog])


def test_without_a_name_the_options_stand_alone():
    with pytest.raises(SemisupError, match="there is no option tims; did you mean 'times'"):
        completed("", {"food": "hay", "tims": 3}, [fed])
    with pytest.raises(SemisupError, match=r"^food must be given; write food="):
        completed("", {}, [fed])


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("places", "all", "all"),
        ("places", 3, 3),
        ("places", "3", None),  # neither 'all' nor a number
        ("places", "al", None),
        ("share", 2, 2),
        ("share", 0.25, 0.25),
        ("label", "4/class", "4/class"),
        ("label", 7, 7),
        ("inhabitant", None, None),
        ("inhabitant", {"_target_": "zoo.Dog"}, {"_target_": "zoo.Dog"}),  # a node within a node is left alone
    ],
)
def test_a_union_takes_each_of_its_types(key, value, kept):
    if kept is None and value is not None:
        with pytest.raises(SemisupError, match=f"cage.{key}={value} is not valid"):
            completed("cage", {key: value}, [Cage])
    else:
        found = completed("cage", {key: value}, [Cage])[key]
        assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("semisup.methods.Supervized", "semisup.methods has no 'Supervized'; did you mean 'Supervised'?"),
        ("zoo_of_nobody.Dog", "there is no module 'zoo_of_nobody'; is its package installed?"),
        ("Dog", "it is a dotted name"),
        (".zoo.Dog", "it is a dotted name"),
        ("zoo.", "it is a dotted name"),
        (None, "it is a dotted name"),
    ],
)
def test_a_target_that_is_not_there_is_named(target, message):
    with pytest.raises(SemisupError, match=re.escape(f"method._target_={target}") + ".*" + re.escape(message)):
        locate(target, "method._target_")


def test_a_target_is_found_by_its_name():
    assert locate(f"{__name__}.Dog") is Dog


def test_a_class_without_a_constructor_has_no_options():
    class Plain:
        pass

    assert parameters(Plain) == {}


def test_a_choice_beside_true_and_false_names_all_of_them():
    def load(device_cache: bool | Literal["auto"] = "auto") -> None: ...

    assert completed("data", {"device_cache": True}, [load]) == {"device_cache": True}
    assert completed("data", {"device_cache": "auto"}, [load]) == {"device_cache": "auto"}
    with pytest.raises(SemisupError, match=r"data.device_cache=gpu is not valid; valid are auto, false, true\."):
        completed("data", {"device_cache": "gpu"}, [load])


def test_a_choice_beside_a_range_names_both():
    def load(count: NonNegativeInt | Literal["all"] = "all") -> None: ...

    assert completed("data", {"count": "all"}, [load]) == {"count": "all"}
    with pytest.raises(
        SemisupError, match=r"data.count=.nan is not valid: it is a whole number of at least 0 or all\."
    ):
        completed("data", {"count": ".nan"}, [load])
    with pytest.raises(SemisupError, match=r"data.count=al is not valid; did you mean 'all'\?"):
        completed("data", {"count": "al"}, [load])
