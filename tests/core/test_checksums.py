"""The checksum at the end of a file: no byte may change, and the content must stay readable."""

import numpy as np
import pytest

from semisup.core.checksums import check_seal, seal
from semisup.core.errors import SemisupError


@pytest.fixture
def sealed(tmp_path):
    file = tmp_path / "features.npy"
    np.save(file, np.arange(600, dtype=np.float32))
    seal(file)
    return file


def test_a_sealed_array_is_read_as_before(sealed):
    assert check_seal(sealed, "delete it")
    assert np.load(sealed, mmap_mode="r").tolist() == list(range(600))


def test_a_flipped_byte_anywhere_is_found(sealed, flipped):
    """2,528 bytes of the array, 16 of the mark, 32 of the checksum. Without its mark, a file counts as not sealed."""
    for position in (0, 1, 127, 128, 1000, 2527, 2544, 2575):
        with flipped(sealed, position), pytest.raises(SemisupError, match=r"features\.npy is damaged.*; delete it\."):
            check_seal(sealed, "delete it")
    with flipped(sealed, 2528):
        assert not check_seal(sealed, "delete it")
    assert check_seal(sealed, "delete it")


@pytest.mark.parametrize("content", [b"", b"short", bytes(100)])
def test_a_file_of_an_older_version_has_no_seal(content, tmp_path):
    (tmp_path / "old").write_bytes(content)
    assert not check_seal(tmp_path / "old", "delete it")
