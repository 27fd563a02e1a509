"""`import semisup` is quick, and gives the names that people use."""

import subprocess
import sys

import pytest

import semisup


def test_importing_the_package_imports_nothing_heavy():
    command = [sys.executable, "-X", "importtime", "-c", "import semisup"]
    imports = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in imports.splitlines()}
    assert "semisup" in names
    assert not names & {"torch", "lightning", "numpy", "hydra", "pydantic"}


def test_every_public_name_is_there_and_listed():
    for name in semisup.__all__:
        assert getattr(semisup, name).__name__ == name
    assert {*semisup.__all__, "__version__"} <= {*dir(semisup)}


def test_every_method_is_a_public_name():
    from semisup import methods

    classes = {name for name, value in vars(methods).items() if isinstance(value, type)}
    assert classes - {"Method", "StepOutput", "PseudoLabels"} <= {*semisup.__all__}


def test_a_name_that_is_missing_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'semisup' has no attribute 'FixMatsch'"):
        _ = semisup.FixMatsch
