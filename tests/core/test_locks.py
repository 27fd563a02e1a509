"""Who may train in a folder: one process at a time, and a killed one is not waited for."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from semisup.core.atomic_files import atomic_folder
from semisup.core.errors import SemisupError
from semisup.core.locks import LOCK, locked, refuse_locked

HOLDER = """
import sys, time
from pathlib import Path
from semisup.core.locks import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


def test_a_locked_folder_names_the_process_and_a_killed_process_holds_nothing(tmp_path):
    folder = tmp_path / "run"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        for attempt in (locked(folder).__enter__, lambda: refuse_locked(folder)):
            message = rf"{folder} is already being trained by process {holder.pid} on \S+ since 20\d\d-"
            with pytest.raises(SemisupError, match=message):
                attempt()
        holder.kill()
    assert (folder / LOCK).exists(), "the killed process could not delete it"
    refuse_locked(folder)
    with locked(folder):
        assert json.loads((folder / LOCK).read_text())["process"] == os.getpid()
    assert not (folder / LOCK).exists()


def test_the_lock_ends_with_an_error_in_the_block(tmp_path):
    with pytest.raises(ValueError, match="wrong"), locked(tmp_path):
        raise ValueError("wrong")
    with locked(tmp_path), pytest.raises(SemisupError, match=f"trained by process {os.getpid()}"):
        refuse_locked(tmp_path)


def test_temporary_folders_of_killed_processes_are_deleted_and_those_in_use_are_not(tmp_path):
    """`.a.tmp-1` was left an hour ago; `.ab.tmp-1` is of another folder; a live one holds its lock."""
    hour_ago = time.time() - 3600
    for name in (".a.tmp-1", ".ab.tmp-1"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (hour_ago, hour_ago))
    with atomic_folder(tmp_path / "a") as live:
        os.utime(live, (hour_ago, hour_ago))
        with atomic_folder(tmp_path / "a"):
            assert live.is_dir()
        assert not (tmp_path / ".a.tmp-1").exists()
    assert sorted(path.name for path in Path(tmp_path).iterdir()) == [".ab.tmp-1", "a"]
