"""Images that lie on the device change where batches are gathered, and no number."""

import gc
import pickle
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from semisup.config.identity import run_folder
from semisup.config.resolve import complete
from semisup.core.errors import SemisupError
from semisup.data import SSLDataModule
from semisup.data.device_cache import _BLOCK, _CACHED, _fits, device_cache
from semisup.data.sources import bundled_table, digits
from semisup.methods import FixMatch

CPU = torch.device("cpu")
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def module(source: Any, **options: Any) -> SSLDataModule:
    return SSLDataModule(source, labels=60, validation=20, batch_size=4, ratio=3, padding=1, **options)


def first(data: SSLDataModule, device: torch.device = CPU) -> dict[str, dict[str, Any]]:
    """The first batch as its loaders hand it out in a training with FixMatch on the device."""
    strategy = SimpleNamespace(root_device=device)
    at = {"world_size": 1, "global_rank": 0, "global_step": 0, "max_steps": 2}
    data.trainer = SimpleNamespace(lightning_module=FixMatch, strategy=strategy, **at)
    return {name: next(iter(loader)) for name, loader in data.train_dataloader().iterables.items()}


def seen(data: SSLDataModule, device: torch.device = CPU) -> dict[str, dict[str, torch.Tensor]]:
    """The first batch as the method sees it."""
    return data.on_after_batch_transfer(data.transfer_batch_to_device(first(data, device), device, 0), 0)


def test_the_cache_is_all_images_also_where_the_last_block_is_not_full():
    images = np.arange(2 * _BLOCK * 2 + 6, dtype=np.float32).reshape(-1, 2)
    assert torch.equal(device_cache(images, CPU, True), torch.from_numpy(images))


def test_auto_takes_no_memory_of_a_cpu_and_false_none_of_any_device():
    images = np.zeros((3, 8, 8, 1), np.uint8)
    assert device_cache(images, CPU, "auto") is None
    assert device_cache(images, CPU, False) is None
    assert device_cache(images, CPU, True) is not None
    assert device_cache(images, CPU, False) is None


def test_auto_takes_a_quarter_of_the_free_memory_and_no_more(monkeypatch):
    """3 images of 64 bytes fit where 768 bytes are free, and not where 767 are."""
    images, device = np.zeros((3, 8, 8, 1), np.uint8), torch.device("cuda", 0)
    for free, fits in ((768, True), (767, False)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _, free=free: (free, 10**9))
        assert _fits(images, device) is fits


@pytest.mark.parametrize("source", [digits, lambda data_dir: bundled_table(data_dir, name="wine")])
def test_a_batch_gathered_on_the_device_is_the_host_s(source: Callable[..., Any], data_dir):
    store = source(data_dir)
    there, here = module(store, device_cache=True), module(store, device_cache=False)
    assert ["inputs" in part for data in (there, here) for part in first(data).values()] == [False, False, True, True]
    ours, theirs = seen(there), seen(here)
    for name in ("labeled", "unlabeled"):
        assert ours[name].keys() == theirs[name].keys()
        assert all(torch.equal(ours[name][key], theirs[name][key]) for key in ours[name])


def test_all_rounds_share_one_upload_which_goes_with_the_store_and_is_saved_nowhere(data_dir):
    """A round's data module is new, and its pseudo-labels make another one of it."""
    gc.collect()
    uploads, store = len(_CACHED), digits(data_dir)
    data = module(store, device_cache=True)
    before = pickle.dumps(data)
    seen(data)
    data.trainer = None
    assert pickle.dumps(data) == before
    target = np.zeros(len(store.images), np.int64)
    labeled = data.with_targets(target, np.ones(len(target), np.float32))
    for other in (labeled, module(store, device_cache=True)):
        seen(other)
    assert len(_CACHED) == uploads + 1
    del store, data, labeled, other
    gc.collect()
    assert len(_CACHED) == uploads


def test_gathering_asks_for_no_value_on_the_device(data_dir):
    """Tensors on the device 'meta' have a form and no values, so that code which asks for one fails."""
    batch = seen(module(digits(data_dir), device_cache=True), torch.device("meta"))
    assert batch["unlabeled"]["strong"].shape == (12, 1, 8, 8)
    assert batch["unlabeled"]["strong"].is_meta


@pytest.mark.parametrize(
    "more",
    [
        ["method=fixmatch", "method.threshold=0.2"],
        ["method=self_training", "labeler.threshold=.12", "rounds.students=1"],
    ],
)
def test_a_run_is_the_same_bit_for_bit(more, run, outcome, tmp_path):
    for place in ("true", "false"):
        run(*more, f"data.device_cache={place}", f"runs_dir={tmp_path / place}")
    there = outcome(tmp_path / "true")
    assert len(there["result"]["rounds"]) == len([o for o in more if o.startswith("rounds.")]) + 1
    assert there == outcome(tmp_path / "false")


def test_where_images_lie_is_no_part_of_a_run_s_name(config):
    names = {
        run_folder(complete(config(*more))) for more in ([], ["data.device_cache=true"], ["data.device_cache=false"])
    }
    assert len(names) == 1


@pytest.mark.parametrize(("text", "value"), [("auto", "auto"), ("true", True), ("false", False)])
def test_what_the_command_line_says_arrives(text, value, config):
    assert complete(config())["data"]["device_cache"] == "auto"
    assert complete(config(f"data.device_cache={text}"))["data"]["device_cache"] is value


@pytest.mark.parametrize("text", ["gpu", "3", "[auto]"])
def test_another_word_is_refused_in_one_sentence(text, config):
    with pytest.raises(SemisupError, match=r"^data\.device_cache=.* is not valid[:;] [^\n]*[.?]$"):
        complete(config(f"data.device_cache={text}"))


@needs_cuda
def test_on_cuda_auto_gathers_the_host_s_batches_on_the_device_and_waits_for_nothing(data_dir):
    device, store = torch.device("cuda", 0), digits(data_dir)
    there, here = module(store), module(store, device_cache=False)
    batch = first(there, device)
    assert not any("inputs" in part for part in batch.values())
    assert device_cache(store.images, device, "auto").device == device
    torch.cuda.set_sync_debug_mode("error")
    try:
        ours = there.transfer_batch_to_device(batch, device, 0)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    theirs = first(here, device)
    for name in ("labeled", "unlabeled"):
        assert ours[name]["inputs"].device == device
        assert torch.equal(ours[name]["inputs"].cpu(), theirs[name]["inputs"])
