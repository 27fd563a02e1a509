"""How much memory there is: what the machine has, or what a container or a job of a cluster may take."""

import pytest
import torch

from semisup.core.memory import memory_limit, peak_memory


@pytest.mark.parametrize(
    ("groups", "file"),
    [
        ("4:memory:/jobs/one\n1:cpu:/\n0::/\n", "sys/fs/cgroup/memory/jobs/one/memory.limit_in_bytes"),
        ("4:memory:/jobs/one\n", "sys/fs/cgroup/memory/jobs/memory.limit_in_bytes"),
        ("0::/jobs/one\n", "sys/fs/cgroup/jobs/memory.max"),
        ("0::/of/the/host\n", "sys/fs/cgroup/memory.max"),  # as a container sees it
    ],
)
def test_a_limit_of_the_group_or_of_one_above_it_counts(groups, file, tmp_path):
    machine = memory_limit(tmp_path)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(groups)
    (tmp_path / file).parent.mkdir(parents=True)
    for text, limit in (("5000000\n", 5_000_000), ("max\n", machine), (f"{2**63 - 4096}\n", machine)):
        (tmp_path / file).write_text(text)
        assert memory_limit(tmp_path) == limit


def test_what_is_taken_counts():
    taken = torch.ones(2**24)
    peak, limit = peak_memory(), memory_limit()
    assert peak is not None
    assert limit is not None
    assert taken.nbytes < peak < limit
