"""The LightningDataModule: labeled and unlabeled streams of one data set, views made on the device."""

import copy
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from lightning.pytorch.utilities import CombinedLoader
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.data.batch import Batch
from semisup.data.device_cache import pool
from semisup.data.splits import Split, Strategy, make_split
from semisup.data.store import UNKNOWN, Store
from semisup.data.streams import EvalLoader, Stream, StreamLoader
from semisup.data.transforms.views import ImageViews, TableViews, Views


class SSLDataModule(LightningDataModule):
    """A store, split into labeled, validation and unlabeled images.

    What it keeps of the store knows the classes of labeled and validation images only: no method, labeler or callback
    can reach the others' through it. Labels, validation, unlabeled, strategy, imbalance: see `make_split`.

    batch_size: labeled images per step, over all devices. ratio: unlabeled images per labeled one (μ in the
    literature). seed: of the batches and views. split_seed: of the split; None = seed. split: a split made elsewhere,
    instead of drawing one.
    flip, padding: the weak view's horizontal flip and padded crop (in pixels). operations, cutout: the strong view's
    RandAugment operations and the largest side of its cutout, as a fraction. rotation, zoom: of the weak view, in
    degrees and as a fraction. noise, drop: of a table's views.
    eval_batch_size: images per batch in validation, test and prediction.
    resident: whether all images lie on the device during the training, so that batches are gathered there; 'auto': on
    CUDA, where they take at most a quarter of the memory that is free. Changes no batch.
    """

    def __init__(
        self,
        store: Store,
        *,
        labels: int | str = "all",
        validation: int | float = 0.1,
        unlabeled: int | Literal["all"] = "all",
        strategy: Strategy = "class_balanced",
        imbalance: float = 1.0,
        unlabeled_imbalance: float = 1.0,
        labeled_in_unlabeled: bool = True,
        batch_size: int = 64,
        ratio: int = 7,
        seed: int = 0,
        split_seed: int | None = None,
        split: Split | None = None,
        flip: bool = True,
        padding: int = 4,
        operations: int = 2,
        cutout: float = 0.5,
        rotation: float = 0.0,
        zoom: float = 0.0,
        noise: float = 0.1,
        drop: float = 0.2,
        eval_batch_size: int = 500,
        resident: bool | Literal["auto"] = "auto",
    ) -> None:
        super().__init__()
        self.split = split or make_split(
            store,
            labels=labels,
            validation=validation,
            unlabeled=unlabeled,
            strategy=strategy,
            imbalance=imbalance,
            unlabeled_imbalance=unlabeled_imbalance,
            labeled_in_unlabeled=labeled_in_unlabeled,
            seed=seed if split_seed is None else split_seed,
        )
        self.store = store.hide(self.split.known)
        self.batch_size, self.ratio, self.seed, self.eval_batch_size = batch_size, ratio, seed, eval_batch_size
        self.resident: bool | Literal["auto"] = resident
        self.views: Views
        if len(store.shape) == 3:
            c, h, w = store.shape
            self.views = ImageViews(
                (c, h, w),
                store.mean,
                store.std,
                flip=flip,
                padding=padding,
                operations=operations,
                cutout=cutout,
                rotation=rotation,
                zoom=zoom,
            )
        else:
            self.views = TableViews(store.mean, store.std, noise=noise, drop=drop)
        count = len(store.images)
        self.target: NDArray[Any] = np.full(count, UNKNOWN, np.int64)
        self.weight = np.zeros(count, np.float32)
        self.kept: NDArray[np.int64] | None = None  # the pseudo-labeled images, once a labeler has spoken

    def with_targets(
        self, target: NDArray[Any], weight: NDArray[np.float32], copies: NDArray[np.int64] | None = None
    ) -> "SSLDataModule":
        """The same data with pseudo-labels, as another module; this one stays as it is.

        target: (N,) int64 classes or (N, K) float32 probabilities, weight: (N,) float32, over the store's images.
        Unlabeled images with a weight above 0 are kept, each `copies` times (None: once) in a pass over the stream.
        """
        other = copy.copy(self)
        other.target, other.weight = target, weight
        rows = self.split.unlabeled
        other.kept = np.repeat(rows, np.where(weight[rows] > 0, 1 if copies is None else copies[rows], 0))
        return other

    def streams(self, method: Any) -> dict[str, Stream]:
        """The streams that a method asks for by its `labeled_view` and `views`.

        A method that reads targets gets the pseudo-labeled images as its unlabeled ones, and none before there are any.
        For another method, pseudo-labeled images join the labeled ones, with their most probable class.
        """
        labeled, targets, unlabeled, kept = self.split.labeled, self.store.targets, self.split.stream, self.kept
        if method.uses_pseudo_label_targets:
            unlabeled = kept if kept is not None else unlabeled[:0]
        elif kept is not None:
            labeled = np.concatenate([labeled, kept])
            targets = targets.copy()
            targets[kept] = (self.target if self.target.ndim == 1 else self.target.argmax(-1))[kept]
        streams = {"labeled": self._stream("labeled", labeled, {"label": targets}, [method.labeled_view])}
        if method.views and (len(unlabeled) or not method.uses_pseudo_label_targets):
            if not len(unlabeled):
                raise SemisupError(f"{type(method).__name__} learns from unlabeled images, and this split has none.")
            columns = {"target": self.target, "weight": self.weight}
            streams["unlabeled"] = self._stream("unlabeled", unlabeled, columns, method.views)
        return streams

    def _stream(
        self, name: str, index: NDArray[np.int64], columns: dict[str, NDArray[Any]], views: Sequence[str]
    ) -> Stream:
        size = self.batch_size * (self.ratio if name == "unlabeled" else 1)
        return Stream(name, self.store.images, index, columns, self.views, views, size, self.seed)

    def train_dataloader(self) -> CombinedLoader:
        assert self.trainer is not None
        world_size = self.trainer.world_size
        streams = self.streams(self.trainer.lightning_module)
        for name, stream in streams.items():
            if stream.batch_size % world_size:
                raise SemisupError(
                    f"{stream.batch_size} {name} images a step cannot be shared equally by {world_size} processes; "
                    "change batch.labeled."
                )
        span = (self.trainer.global_step, self.trainer.max_steps)
        device = self.trainer.strategy.root_device
        how = {"pin": device.type == "cuda", "gather": pool(self.store.images, device, self.resident) is None}
        loaders = {k: StreamLoader(s, *span, self.trainer.global_rank, world_size, **how) for k, s in streams.items()}
        return CombinedLoader(loaders, mode="min_size")

    def val_dataloader(self) -> EvalLoader | list[Any]:
        """The validation images; every process goes through all of them, which keeps the figures exact."""
        if not len(self.split.validation):
            return []
        return EvalLoader(self.store.images, self.split.validation, self.store.targets, self.eval_batch_size)

    def test_dataloader(self) -> EvalLoader | list[Any]:
        """The test set."""
        rows = np.arange(len(self.store.test_images))
        return (
            EvalLoader(self.store.test_images, rows, self.store.test_targets, self.eval_batch_size) if len(rows) else []
        )

    def predict_dataloader(self) -> EvalLoader:
        """All images of the split in plain view, without a label: this process's share of the batches."""
        rows = np.concatenate([self.split.known, self.split.unlabeled])
        hidden = np.full_like(self.store.targets, UNKNOWN)
        share = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return EvalLoader(self.store.images, rows, hidden, self.eval_batch_size, *share)

    def transfer_batch_to_device(self, batch: dict[str, Any], device: torch.device, dataloader_idx: int) -> Any:
        """Moves a batch to the device. Images that a stream has left out are there already, and gathered there."""
        moved = super().transfer_batch_to_device(batch, device, dataloader_idx)
        for part in (moved[name] for name in ("labeled", "unlabeled") if name in moved):
            if "inputs" not in part:
                images = pool(self.store.images, part["index"].device, self.resident)
                assert images is not None  # train_dataloader has put them there
                part["inputs"] = images.index_select(0, part["index"])
        return moved

    def on_after_batch_transfer(self, batch: dict[str, Any], dataloader_idx: int) -> dict[str, Batch] | Batch:
        """Makes the views, on the device the images are on by now."""
        if "labeled" not in batch:
            return Batch(
                image=self.views.apply("plain", batch["inputs"], {}), label=batch["label"], index=batch["index"]
            )
        made = {"labeled": self._view(batch["labeled"], rename="image")}
        if "unlabeled" in batch:
            made["unlabeled"] = self._view(batch["unlabeled"])
        return made

    def _view(self, batch: dict[str, Any], rename: str | None = None) -> Batch:
        inputs: torch.Tensor = batch["inputs"]
        views = {
            rename or name: self.views.apply(name, inputs, aug_params)
            for name, aug_params in batch["aug_params"].items()
        }
        return Batch({**views, **{key: batch[key] for key in batch if key not in ("inputs", "aug_params")}})
