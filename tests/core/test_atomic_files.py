"""Files and folders that are complete or absent."""

from pathlib import Path

import pytest

from semisup.core.atomic_files import atomic_folder, atomic_write, atomic_write_text
from semisup.core.errors import SemisupError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_the_block_ends_and_replaces_the_old_one(tmp_path):
    file = tmp_path / "a.npz"
    file.write_text("old")
    with atomic_write(file) as temporary:
        temporary.write_text("new")
        assert file.read_text() == "old"
        assert temporary.suffix == ".npz", "numpy would add the suffix to a name without it"
    assert file.read_text() == "new"
    assert names(tmp_path) == ["a.npz"]


@pytest.mark.parametrize("make", [atomic_write, atomic_folder])
def test_two_that_write_at_a_time_do_not_share_a_temporary_name(tmp_path, make):
    with make(tmp_path / "a") as one, make(tmp_path / "a") as other:
        assert one != other
        for temporary in (one, other):
            (temporary / "x" if temporary.is_dir() else temporary).write_text(temporary.name)
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("make", [atomic_write, atomic_folder])
def test_an_error_in_the_block_leaves_nothing(tmp_path, make):
    def fail() -> None:
        with make(tmp_path / "a") as temporary:
            (temporary / "x" if temporary.is_dir() else temporary).write_text("half")
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        fail()
    assert names(tmp_path) == []


def test_an_error_of_the_system_names_the_file_and_not_the_temporary_one(tmp_path):
    with pytest.raises(SemisupError, match=r"^\S*/none/a\.txt could not be written \(No such file or directory\)"):
        atomic_write_text(tmp_path / "none" / "a.txt", "text")
    (tmp_path / "file").touch()
    with (
        pytest.raises(SemisupError, match=r"^\S*/file/a could not be written \(Not a directory\)"),
        atomic_folder(tmp_path / "file" / "a"),
    ):
        pass


def test_the_folder_that_is_there_first_stays(tmp_path):
    with atomic_folder(tmp_path / "a") as temporary:
        (temporary / "mine").touch()
        with atomic_folder(tmp_path / "a") as faster:
            (faster / "theirs").touch()
    assert names(tmp_path / "a") == ["theirs"]
    assert names(tmp_path) == ["a"]
