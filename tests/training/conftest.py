"""What happens in a training."""

from typing import Any

import pytest

from tests.training.troubled import Troubled


@pytest.fixture
def troubled(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the trouble and where it comes; returns the steps that were taken."""

    def set_(trouble: str = "", at: int | None = None) -> list[int]:
        monkeypatch.setattr(Troubled, "trouble", trouble)
        monkeypatch.setattr(Troubled, "at", at)
        monkeypatch.setattr(Troubled, "steps", [])
        return Troubled.steps

    return set_
