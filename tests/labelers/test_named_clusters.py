"""The file of a round's clusters."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from semisup.core.errors import SemisupError
from semisup.labelers import NamedClusters

FOUND = NamedClusters(
    index=np.array([3, 5, 8, 9]),
    assignment=np.array([0, 2, 2, 3]),
    distance=np.array([0, 0.5, 1.5, 0], np.float32),
    names=np.array([1, 0, -1, 1]),
    objective=np.array([4.0, 2.0]),
)


def test_images_have_the_name_of_their_cluster_and_an_empty_cluster_has_none():
    assert FOUND.sizes.tolist() == [1, 0, 2, 1]
    assert FOUND.labels.tolist() == [1, -1, -1, 1]


def test_what_was_saved_is_read_and_leaves_no_other_file(tmp_path):
    FOUND.save(tmp_path / "clusters.npz")
    FOUND.save(tmp_path / "clusters.npz")
    found = NamedClusters.load(tmp_path / "clusters.npz")
    for name, values in vars(FOUND).items():
        read = getattr(found, name)
        assert_array_equal(read, values)
        assert read.dtype == values.dtype
    assert [file.name for file in tmp_path.iterdir()] == ["clusters.npz"]


def cut(whole: bytes) -> bytes:
    return whole[:100]


def emptied(whole: bytes) -> bytes:
    return b""


def overwritten(whole: bytes) -> bytes:
    """Where the first array's compressed numbers begin; the archive's own lists are as they were."""
    return whole[:60] + b"\xff" * 8 + whole[68:]


@pytest.mark.parametrize("damage", [cut, emptied, overwritten])
def test_a_damaged_file_is_named(tmp_path, damage):
    file = tmp_path / "clusters.npz"
    FOUND.save(file)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(SemisupError, match=r"clusters\.npz is damaged"):
        NamedClusters.load(file)
    np.savez(file, index=FOUND.index)
    with pytest.raises(SemisupError, match=r"clusters\.npz is damaged"):
        NamedClusters.load(file)


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(SemisupError, match=r"clusters\.npz could not be written"):
        FOUND.save(tmp_path / "nowhere" / "clusters.npz")
