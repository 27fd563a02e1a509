"""The LightningDataModule: labeled and unlabeled streams of one data set, views made on the device."""

from typing import Any, Literal

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from lightning.pytorch.utilities import CombinedLoader
from numpy.typing import NDArray

from semisup.data.batch import Batch
from semisup.data.splits import Split, Strategy, make_split
from semisup.data.store import UNKNOWN, Store
from semisup.data.streams import Once, Steps, Stream
from semisup.data.views import ImageViews, TableViews, Views
from semisup.errors import SemisupError


class SSLDataModule(LightningDataModule):
    """A store, split into labeled, validation and unlabeled images.

    What it keeps of the store knows the classes of labeled and validation images only: no method, labeler or callback
    can reach the others' through it. Labels, validation, unlabeled, strategy, imbalance: see `make_split`.

    batch_size: labeled images per step, over all devices. ratio: unlabeled images per labeled one (μ in the
    literature). seed: of the batches and views. split_seed: of the split; None = seed. split: a split made elsewhere,
    instead of drawing one.
    flip, padding: the weak view's horizontal flip and padded crop (in pixels). operations, cutout: the strong view's
    RandAugment operations and the largest side of its cutout, as a fraction. noise, drop: of a table's views.
    eval_batch_size: images per batch in validation, test and prediction.
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
        noise: float = 0.1,
        drop: float = 0.2,
        eval_batch_size: int = 500,
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
        self.views: Views
        if len(store.shape) == 3:
            c, h, w = store.shape
            self.views = ImageViews(
                (c, h, w), store.mean, store.std, flip=flip, padding=padding, operations=operations, cutout=cutout
            )
        else:
            self.views = TableViews(store.mean, store.std, noise=noise, drop=drop)
        count = len(store.images)
        self.target: NDArray[Any] = np.full(count, UNKNOWN, np.int64)
        self.weight = np.zeros(count, np.float32)

    def streams(self, method: Any) -> dict[str, Stream]:
        """The streams that a method asks for by its `labeled_view` and `views`; without views, the labeled one only."""
        store, split = self.store, self.split
        labels = {"label": store.targets}
        streams = {
            "labeled": Stream(
                "labeled",
                store.images,
                split.labeled,
                labels,
                self.views,
                [method.labeled_view],
                self.batch_size,
                self.seed,
            )
        }
        if method.views:
            if not len(split.stream):
                raise SemisupError(f"{type(method).__name__} learns from unlabeled images, and this split has none.")
            targets = {"target": self.target, "weight": self.weight}
            size = self.batch_size * self.ratio
            streams["unlabeled"] = Stream(
                "unlabeled", store.images, split.stream, targets, self.views, method.views, size, self.seed
            )
        return streams

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
        pin = self.trainer.strategy.root_device.type == "cuda"
        loaders = {k: Steps(s, *span, self.trainer.global_rank, world_size, pin) for k, s in streams.items()}
        return CombinedLoader(loaders, mode="min_size")

    def val_dataloader(self) -> Once | list[Any]:
        """The validation images; every process goes through all of them, which keeps the figures exact."""
        if not len(self.split.validation):
            return []
        return Once(self.store.images, self.split.validation, self.store.targets, self.eval_batch_size)

    def test_dataloader(self) -> Once | list[Any]:
        """The test set."""
        rows = np.arange(len(self.store.test_images))
        return Once(self.store.test_images, rows, self.store.test_targets, self.eval_batch_size) if len(rows) else []

    def predict_dataloader(self) -> Once:
        """The unlabeled images in plain view, without a label."""
        hidden = np.full_like(self.store.targets, UNKNOWN)
        return Once(self.store.images, self.split.unlabeled, hidden, self.eval_batch_size)

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
        views = {rename or name: self.views.apply(name, inputs, draws) for name, draws in batch["draws"].items()}
        return Batch({**views, **{key: batch[key] for key in batch if key not in ("inputs", "draws")}})
