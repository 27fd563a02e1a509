"""USB's side of agree.py: semilearn 0.3.2's own algorithms, hooks and optimizers, on tensors that are given.

Its data sets and loaders are left out, as its CUDA is. What else is changed is in agree_alike.py.
"""

import io
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from agree_alike import BEFORE, PREPARE, edited, memory_places
from agree_cases import CASES, Case
from agree_ours import (
    BATCH,
    CLASSES,
    LABELED,
    PER_CLASS,
    PLANNED,
    RATE,
    RATIO,
    UNLABELED,
    WEIGHT_DECAY,
    TinyNet,
    Trace,
    flat,
    make_method,
    make_steps,
    trained,
)
from torch import Tensor, nn

from semisup.data import Batch
from semisup.methods import Method
from semisup.methods.heads import random_quarter_turns

OUR_NAMES = {
    "mlp_proj.": "project.layers.",
    "rot_classifier.": "rotation_head.",
    "ds_classifier.": "distance_head.",
    "aux_classifier.": "network.head.",
    "backbone.": "network.",
}


class Net(TinyNet):
    """TinyNet as semilearn calls its networks: wide ResNets, and for CRMatch vision transformers."""

    global_pool = "token"  # features are those of the first token

    def __init__(self, norm: bool = False) -> None:
        super().__init__(norm)
        self.fc_norm = nn.Identity()

    def forward(self, x: Tensor, only_fc: bool = False, only_feat: bool = False) -> Any:
        features = x if only_fc else self.features(x)
        if only_feat:
            return features
        logits = self.head(features)
        return logits if only_fc else {"logits": logits, "feat": features}

    def extract(self, x: Tensor) -> Tensor:
        """One token for each image, (N, 1, D)."""
        return self.features(x)[:, None]


def train_usb(name: str, norm: bool = False, edit: bool = False) -> Trace:
    """Trains USB's algorithm for a method of CASES on the batches of `make_steps`.

    Args:
        name: The method.
        norm: Whether the network has batch norm.
        edit: Whether its code is changed by the edits of the case.

    Returns:
        What happened.
    """
    with edited(CASES[name].edits if edit else ()), redirect_stdout(io.StringIO()):
        return _train(name, norm)


def _train(name: str, norm: bool) -> Trace:
    case = CASES[name]
    method = make_method(case, norm)
    with tempfile.TemporaryDirectory() as folder, _without_data():
        algorithm = _algorithm(case, folder, norm)
    weights = _share_weights(algorithm, method, name)
    algorithm.model.train()
    algorithm.call_hook("before_run", "EMAHook")
    steps, trace = make_steps(), Trace()
    PREPARE.get(name, lambda *_: None)(algorithm, method, steps[0])
    rng = np.random.RandomState(2)  # as in `one_share`

    def keep_gradient(*_: Any) -> None:
        trace.gradient.append(flat([torch.zeros_like(p) if p.grad is None else p.grad for p in weights.values()]))

    algorithm.optimizer.register_step_pre_hook(keep_gradient)
    for step, batch in enumerate(steps):
        algorithm.it = step
        algorithm.ema.decay = min(algorithm.ema_m, (2 + step) / (11 + step))  # as of Semisup's EMA
        BEFORE.get(name, lambda *_: None)(algorithm, batch)
        torch.default_generator.manual_seed(step)
        tensors = algorithm.process_batch(**_tensors(batch, step, case))
        with (
            patch("numpy.random.beta", rng.beta),
            patch("torch.randperm", lambda count: torch.tensor(rng.permutation(count))),
        ):
            algorithm.out_dict, algorithm.log_dict = algorithm.train_step(**tensors)
        for hook in ("ParamUpdateHook", "EMAHook"):
            algorithm.call_hook("after_train_step", hook)
        _record(trace, algorithm, case, weights)
    return trace


def _record(trace: Trace, algorithm: Any, case: Case, weights: dict[str, Tensor]) -> None:
    """After a step."""
    trace.loss.append(float(algorithm.out_dict["loss"]))
    trace.kept.append(algorithm.log_dict.get("train/util_ratio", math.nan))
    trace.weights.append(flat(list(weights.values())))
    state = {ours: _value(algorithm, place) for ours, place in case.states.items()}
    names = {id(p): name for name, p in algorithm.model.named_parameters()}
    network = [name for name in weights if name.startswith("network.")]
    state["ema"] = flat([algorithm.ema.shadow[names[id(weights[name])]] for name in network])
    trace.states.append(state)


def _value(algorithm: Any, place: str) -> Tensor:
    """A state by its place, as of `Case.states`."""
    hook, _, path = place.rpartition(":")
    value = algorithm.hooks_dict[hook] if hook else algorithm
    for part in path.split("."):
        value = getattr(value, part)
    return torch.as_tensor(value).clone()


@contextmanager
def _without_data() -> Iterator[None]:
    """Within it, semilearn's constructors find the labeled classes, and no images."""
    from semilearn.algorithms.crmatch import CRMatch
    from semilearn.core import AlgorithmBase

    labeled = SimpleNamespace(targets=np.repeat(np.arange(CLASSES), PER_CLASS).tolist())
    with (
        patch.object(AlgorithmBase, "set_dataset", lambda self: {"train_lb": labeled}),
        patch.object(AlgorithmBase, "set_data_loader", lambda self: {}),
        patch.object(CRMatch, "set_data_loader", lambda self: {}),
    ):
        yield


def _algorithm(case: Case, folder: str, norm: bool) -> Any:
    import semilearn
    from semilearn.imb_algorithms import get_imb_algorithm

    options = {
        "algorithm": case.usb,
        "net": "tiny",
        "dataset": "none",
        "num_classes": CLASSES,
        "lb_dest_len": LABELED,
        "ulb_dest_len": UNLABELED,
        "batch_size": BATCH,
        "uratio": RATIO,
        "lr": RATE,
        "weight_decay": WEIGHT_DECAY,
        "epoch": PLANNED,
        "num_train_iter": PLANNED,
        "gpu": 0,
        "distributed": False,
        "save_dir": folder,
    }
    args = semilearn.get_config({**options, **case.usb_options})
    make = semilearn.get_algorithm if args.imb_algorithm is None else get_imb_algorithm
    return make(args, lambda **_: Net(norm).double(), tb_log=None, logger=None)


def _share_weights(algorithm: Any, method: Method, name: str) -> dict[str, Tensor]:
    """Gives USB's network the weights of Semisup's, and returns its weights by Semisup's names, in their order."""
    ours, found = trained(method), {}
    for usb_name, weight in trained(algorithm.model).items():
        found[_our_name(usb_name, name)] = weight
    if found.keys() != ours.keys():
        raise SystemExit(f"{name}: the two networks differ in {sorted(found.keys() ^ ours.keys())}")
    with torch.no_grad():
        for key, weight in found.items():
            weight.copy_(ours[key])
    return dict(sorted(found.items()))


def _our_name(usb_name: str, method: str) -> str:
    if method == "abc" and usb_name.startswith("backbone.head."):
        return usb_name.replace("backbone.head", "base_head")
    for theirs, ours in OUR_NAMES.items():
        if usb_name.startswith(theirs):
            return usb_name.replace(theirs, ours, 1)
    return f"network.{usb_name}"


def _tensors(batch: dict[str, Batch], step: int, case: Case) -> dict[str, Tensor]:
    """A batch by USB's names. Where both views are weak, USB's target is of x_ulb_w, and Semisup's of weak_2."""
    labeled, unlabeled = batch["labeled"], batch["unlabeled"]
    views = {"x_ulb_w": unlabeled.weak, "x_ulb_s": unlabeled.strong}
    if case.usb == "mixmatch":
        views = {"x_ulb_w": unlabeled.weak, "x_ulb_s": unlabeled.weak_2}
    elif case.usb in ("pimodel", "meanteacher"):
        views = {"x_ulb_w": unlabeled.weak_2, "x_ulb_s": unlabeled.weak}
    elif case.usb == "crmatch":
        views["x_ulb_rot"], views["rot_v"] = random_quarter_turns(unlabeled.weak)
    elif case.usb == "remixmatch":
        views["x_ulb_s_0_rot"], views["rot_v"] = random_quarter_turns(unlabeled.strong)
    return {
        "idx_lb": memory_places(step),
        "x_lb": labeled.image,
        "x_lb_s": labeled.strong,
        "y_lb": labeled.label,
        "idx_ulb": unlabeled.index,
        "x_ulb_s_0": unlabeled.strong,
        "x_ulb_s_1": unlabeled.strong_2,
        **views,
    }
