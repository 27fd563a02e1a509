"""A short form of each campaign; `python -m tests.campaigns` tries all of them."""

import pytest

from tests.campaigns.__main__ import found, tried

CASES = {"values": 300, "kills": 1, "damage": 4, "folders": 2, "files": 40}


@pytest.mark.parametrize("name", found())
def test_a_few_cases_of_each_campaign_are_handled(name):
    count, faults = tried(found()[name], most=CASES.get(name, 4))
    assert count > 0
    assert not faults
