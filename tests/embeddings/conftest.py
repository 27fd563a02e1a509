"""A small store of color images, and a store of rows."""

from pathlib import Path

import numpy as np
import pytest

from semisup.data import Store, open_store, write_store
from tests.toy import toy


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """120 images of 16 x 16 pixels."""
    return toy(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """30 rows of 4 numbers."""
    folder = tmp_path_factory.mktemp("store") / "table"
    values = np.random.default_rng(0).normal(5, 2, (30, 4))
    write_store(folder, "table", ("a", "b"), (values, np.arange(30) % 2), (values[:2], np.arange(2)))
    return open_store(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test keeps its embeddings."""
    return tmp_path / "embeddings"
