"""What agree_usb.py changes in USB's objects and code so that both sides do the same. `Case.alike` says it in words."""

import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import torch
from agree_cases import REMEMBERED
from agree_ours import BATCH, CLASSES
from torch import Tensor
from torch.nn import functional as F

from semisup.data import Batch


@contextmanager
def edited(edits: tuple[tuple[str, str, str], ...]) -> Iterator[None]:
    """Within it, functions of semilearn have a part of their code replaced, in memory.

    Args:
        edits: The function, as `module:name`, with a part of its code and what takes its place.
    """
    with ExitStack() as stack:
        for place, old, new in edits:
            module_name, _, path = place.partition(":")
            module = importlib.import_module(module_name)
            *outer, name = path.split(".")
            owner = getattr(module, outer[0]) if outer else module
            code = textwrap.dedent(inspect.getsource(getattr(owner, name)))
            if old not in code:
                raise SystemExit(f"{place} does not contain {old!r}: is this semilearn 0.3.2?")
            namespace = dict(vars(module))
            exec(code.replace(old, new), namespace)
            stack.enter_context(patch.object(owner, name, namespace[name]))
        yield


def memory_places(step: int) -> Tensor:
    """Where SimMatch's memory has the labeled images of a step: in place of the oldest, as Semisup's has."""
    return (step * BATCH + torch.arange(BATCH)) % REMEMBERED


def _uniform_start(algorithm: Any, *_: Any) -> None:
    algorithm.hooks_dict["DistAlignHook"].p_model = torch.full((CLASSES,), 1 / CLASSES)


def _rising_decay(algorithm: Any, *_: Any) -> None:
    algorithm.hooks_dict["DistAlignHook"].m = (1 + algorithm.it) / (10 + algorithm.it)


def _moving_average(algorithm: Any) -> None:
    """USB's alignment by a moving average, which ReMixMatch has, in place of that by a queue."""
    from semilearn.algorithms.hooks import DistAlignEMAHook

    algorithm.hooks_dict["DistAlignHook"] = DistAlignEMAHook(CLASSES)
    _uniform_start(algorithm)


def _prepare_comatch(algorithm: Any, method: Any, *_: Any) -> None:
    _moving_average(algorithm)
    algorithm.epoch, algorithm.queue_batch = 1, -1  # smoothing begins at once
    algorithm.queue_feats.copy_(method.memory.vectors)
    algorithm.queue_probs.copy_(method.memory.labels)


def _prepare_simmatch(algorithm: Any, method: Any, *_: Any) -> None:
    _moving_average(algorithm)
    algorithm.epoch, algorithm.ema_m = 1, 0.0  # the memory is then of the network itself
    algorithm.mem_bank.copy_(method.memory.vectors.T)
    algorithm.labels_bank.copy_(method.memory.labels.argmax(-1))


def _remember_first(algorithm: Any, batch: dict[str, Batch]) -> None:
    """SimMatch: puts the labeled images of the step into the memory before it is read."""
    _rising_decay(algorithm)
    labeled = batch["labeled"]
    with torch.no_grad():
        vectors = algorithm.model(labeled.image)["feat"]
    algorithm.update_bank(vectors, labeled.label, memory_places(algorithm.it))


def _prepare_dash(algorithm: Any, method: Any, batch: dict[str, Batch]) -> None:
    labeled, unlabeled = batch["labeled"], batch["unlabeled"]
    with torch.no_grad():  # all images of the step, for batch norm
        logits = algorithm.model(torch.cat([labeled.image, unlabeled.weak, unlabeled.strong]))["logits"]
    algorithm.rho_init = float(F.cross_entropy(logits[:BATCH], labeled.label))
    algorithm.num_iter_per_epoch = 0.1  # ρ falls every 10 epochs


def _prepare_abc(algorithm: Any, *_: Any) -> None:
    object.__setattr__(algorithm.model, "module", algorithm.model)  # as of DataParallel
    algorithm.bernouli_mask = lambda probability: probability  # weights instead of draws


def _count_epochs(algorithm: Any, *_: Any) -> None:
    algorithm.epoch = algorithm.it


def _larger_xi(algorithm: Any, *_: Any) -> None:
    algorithm.vat_loss = partial(algorithm.vat_loss, xi=0.01)


PREPARE: dict[str, Callable[..., None]] = {
    "abc": _prepare_abc,
    "adamatch": _uniform_start,
    "comatch": _prepare_comatch,
    "dash": _prepare_dash,
    "remixmatch": _uniform_start,
    "simmatch": _prepare_simmatch,
    "vat": _larger_xi,
}
BEFORE: dict[str, Callable[..., None]] = {
    "abc": _count_epochs,
    "comatch": _rising_decay,
    "remixmatch": _rising_decay,
    "simmatch": _remember_first,
}
