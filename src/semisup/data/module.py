"""The LightningDataModule: labeled and unlabeled streams of one data set, views made on the device."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from lightning.pytorch.utilities import CombinedLoader
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.core.ranges import (
    Fraction,
    NonNegative,
    NonNegativeInt,
    Positive,
    PositiveInt,
    Probability,
    Range,
    Seed,
    UserPath,
    enforce_ranges,
)
from semisup.data.batch import Batch
from semisup.data.class_shares import Imbalance, Shape
from semisup.data.device_cache import device_cache
from semisup.data.loaders import EvalLoader, StreamLoader
from semisup.data.split import Split
from semisup.data.split_file import read_split
from semisup.data.split_sizes import Labels, Unlabeled, Validation
from semisup.data.splits import Strategy, make_split
from semisup.data.store import UNKNOWN, Store
from semisup.data.streams import Stream
from semisup.data.transforms.custom import Transform
from semisup.data.transforms.image_views import Degrees, Flip, Operations
from semisup.data.transforms.views import Views
from semisup.data.views_of_batches import drawn_views, plain_view
from semisup.data.views_of_stores import build_views


@enforce_ranges
class SSLDataModule(LightningDataModule):
    """A store, split into labeled, validation and unlabeled images.

    What it keeps of the store knows the classes of labeled and validation images only: no method, labeler or callback
    can reach those of the others through it.

    Args:
        store: The data set.
        labels: How many labels may be used, validation included: a total, 'N/class', 'N/head', or 'all'.
        validation: How many of the labeled images validate: a number, or a fraction below 1.
        unlabeled: How many of the other images are used unlabeled: a number, 'N/head', or 'all'.
        strategy: How labeled images are drawn: class_balanced, random, or first_n in the data set's order.
        imbalance: γ of a long tail among the labels; see `make_split`.
        unlabeled_imbalance: γ of a long tail among the unlabeled images.
        unlabeled_shape: Which of their classes are large: tail (the first), middle, or head_tail.
        labeled_in_unlabeled: Whether the labeled images are in the unlabeled stream, too.
        batch_size: Labeled images per step, over all devices.
        ratio: Unlabeled images per labeled one in a step (μ in the literature); of a fraction, the nearest number.
        seed: Of the batches and views.
        split_seed: Of the split; None = `seed`.
        split: A split that was made before, instead of drawing one; or its file, as of `read_split`.
        flip: Whether the weak view flips images horizontally; 'both': vertically as well.
        padding: Of the weak view's random crop, in pixels.
        operations: The number of RandAugment operations of the strong view.
        cutout: The largest side of the strong view's cutout, as a fraction of the image's shorter side.
        rotation: The largest rotation of the weak view, in degrees.
        zoom: The weak view's zoom factor is uniform in 1 ± zoom.
        weak: A transform that makes the weak view of images instead: of torchvision.transforms.v2, called for each
            image, or a callable of the batch (B, C, H, W) uint8. In a config: its `_target_` and arguments.
        strong: The same of the strong view; it takes the image itself.
        noise: Of a table's weak view, in standard deviations of the column.
        drop: The probability that a table's strong view replaces a value.
        eval_batch_size: Images per batch in validation, test and prediction.
        device_cache: Whether all images are on the device during training, so that batches are gathered there; 'auto':
            on CUDA, if they take at most a quarter of the free memory. It changes no batch.
    """

    def __init__(
        self,
        store: Store,
        *,
        labels: Labels = "all",
        validation: Validation = 0.1,
        unlabeled: Unlabeled = "all",
        strategy: Strategy = "class_balanced",
        imbalance: Imbalance = 1.0,
        unlabeled_imbalance: Imbalance = 1.0,
        unlabeled_shape: Shape = "tail",
        labeled_in_unlabeled: bool = True,
        batch_size: PositiveInt = 64,
        ratio: PositiveInt | Positive = 7,
        seed: Annotated[int, Range(0)] = 0,  # later rounds have 64-bit seeds
        split_seed: Seed | None = None,
        split: Split | UserPath | None = None,
        flip: Flip = True,
        padding: NonNegativeInt = 4,
        operations: Operations = 2,
        cutout: Probability = 0.5,
        rotation: Degrees = 0.0,
        zoom: Fraction = 0.0,
        weak: dict[str, Any] | Transform | None = None,
        strong: dict[str, Any] | Transform | None = None,
        noise: NonNegative = 0.1,
        drop: Probability = 0.2,
        eval_batch_size: PositiveInt = 500,
        device_cache: bool | Literal["auto"] = "auto",
    ) -> None:
        super().__init__()
        drawn: dict[str, Any] = {"strategy": strategy, "imbalance": imbalance}
        drawn |= {"unlabeled_imbalance": unlabeled_imbalance, "unlabeled_shape": unlabeled_shape}
        how: dict[str, Any] = {"validation": validation, "unlabeled": unlabeled}
        how |= {"labeled_in_unlabeled": labeled_in_unlabeled, "seed": seed if split_seed is None else split_seed}
        if isinstance(split, Split):
            self.split = split
        elif split is not None:
            self.split = read_split(Path(split), store, **how, drawn=drawn)
        else:
            self.split = make_split(store, labels=labels, **how, **drawn)
        self.store = store.hide(self.split.known)
        self.batch_size, self.ratio, self.seed, self.eval_batch_size = batch_size, ratio, seed, eval_batch_size
        self.device_cache: bool | Literal["auto"] = device_cache
        rows = {"noise": noise, "drop": drop}
        images: dict[str, Any] = {"flip": flip, "padding": padding, "operations": operations, "cutout": cutout}
        self.views: Views = build_views(store, images | {"rotation": rotation, "zoom": zoom}, rows, weak, strong)
        count = len(store.images)
        self.target: NDArray[Any] = np.full(count, UNKNOWN, np.int64)
        self.weight = np.zeros(count, np.float32)
        self.kept: NDArray[np.int64] | None = None  # the pseudo-labeled images, after a labeler has run

    def with_targets(
        self, target: NDArray[Any], weight: NDArray[np.float32], copies: NDArray[np.int64] | None = None
    ) -> "SSLDataModule":
        """Adds pseudo-labels. Unlabeled images with a weight above 0 are kept.

        Args:
            target: Of the store's images, classes (N,) int64 or probabilities (N, K) float32.
            weight: In the loss, (N,).
            copies: How often a kept image is in a pass over the stream, (N,); None = once.

        Returns:
            Another module; this one does not change.
        """
        other = copy.copy(self)
        other.target, other.weight = target, weight
        rows = self.split.unlabeled
        other.kept = np.repeat(rows, np.where(weight[rows] > 0, 1 if copies is None else copies[rows], 0))
        return other

    def streams(self, method: Any) -> dict[str, Stream]:
        """The streams that a method asks for.

        If the method uses the pseudo-labels as targets, its unlabeled images are the pseudo-labeled ones, and there are
        none before a labeler has run. Otherwise the pseudo-labeled images join the labeled ones, with their most
        probable class.

        Args:
            method: Its `labeled_view`, `more_labeled_views`, `views` and `uses_pseudo_label_targets` are read.

        Returns:
            'labeled', and 'unlabeled' if the method uses unlabeled images.

        Raises:
            SemisupError: If the method needs unlabeled images and the split has none.
        """
        labeled, targets, unlabeled, kept = self.split.labeled, self.store.targets, self.split.stream, self.kept
        if method.uses_pseudo_label_targets:
            unlabeled = kept if kept is not None else unlabeled[:0]
        elif kept is not None:
            labeled = np.concatenate([labeled, kept])
            targets = targets.copy()
            targets[kept] = (self.target if self.target.ndim == 1 else self.target.argmax(-1))[kept]
        shown = (method.labeled_view, *method.more_labeled_views)
        streams = {"labeled": self._stream("labeled", labeled, {"label": targets}, shown)}
        if method.views and (len(unlabeled) or not method.uses_pseudo_label_targets):
            if not len(unlabeled):
                raise SemisupError(f"{type(method).__name__} learns from unlabeled images, and this split has none.")
            columns = {"target": self.target, "weight": self.weight}
            streams["unlabeled"] = self._stream("unlabeled", unlabeled, columns, method.views)
        return streams

    def _stream(
        self, name: str, index: NDArray[np.int64], columns: dict[str, NDArray[Any]], views: Sequence[str]
    ) -> Stream:
        size = max(1, round(self.batch_size * self.ratio)) if name == "unlabeled" else self.batch_size
        return Stream(name, self.store.images, index, columns, self.views, views, size, self.seed)

    def train_dataloader(self) -> CombinedLoader:
        assert self.trainer is not None
        world_size = self.trainer.world_size
        streams = self.streams(self.trainer.lightning_module)
        span = (self.trainer.global_step, self.trainer.max_steps)
        device = self.trainer.strategy.root_device
        cached = device_cache(self.store.images, device, self.device_cache) is not None
        how = {"pin": device.type == "cuda", "gather": not cached}
        loaders = {k: StreamLoader(s, *span, self.trainer.global_rank, world_size, **how) for k, s in streams.items()}
        return CombinedLoader(loaders, mode="min_size")

    def val_dataloader(self) -> EvalLoader | list[Any]:
        """The validation images. Each process goes through all of them, so that the metrics are exact."""
        if not len(self.split.validation):
            return []
        return EvalLoader(self.store.images, self.split.validation, self.store.targets, self.eval_batch_size)

    def test_dataloader(self) -> EvalLoader | list[Any]:
        """The test set."""
        if not len(self.store.test_images):
            return []
        rows = np.arange(len(self.store.test_images))
        return EvalLoader(self.store.test_images, rows, self.store.test_targets, self.eval_batch_size)

    def predict_dataloader(self) -> EvalLoader:
        """This process's share of all images of the split, in plain view and without labels."""
        rows = np.concatenate([self.split.known, self.split.unlabeled])
        hidden = np.full_like(self.store.targets, UNKNOWN)
        share = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return EvalLoader(self.store.images, rows, hidden, self.eval_batch_size, *share)

    def transfer_batch_to_device(self, batch: dict[str, Any], device: torch.device, dataloader_idx: int) -> Any:
        """Moves a batch to the device, and gathers there the images that are in the device cache.

        Args:
            batch: As its loaders made it.
            device: The device.
            dataloader_idx: Unused.

        Returns:
            The batch with its images.
        """
        moved = super().transfer_batch_to_device(batch, device, dataloader_idx)
        for part in (moved[name] for name in ("labeled", "unlabeled") if name in moved):
            if "inputs" not in part:
                images = device_cache(self.store.images, part["index"].device, self.device_cache)
                assert images is not None  # since train_dataloader
                part["inputs"] = images.index_select(0, part["index"])
        return moved

    def on_after_batch_transfer(self, batch: dict[str, Any], dataloader_idx: int) -> dict[str, Batch] | Batch:
        """Makes the views, on the device."""
        if "labeled" not in batch:
            return plain_view(self.views, batch)
        made = {name: drawn_views(self.views, part) for name, part in batch.items()}
        for first in list(batch["labeled"]["aug_params"])[:1]:  # the method's `labeled_view`
            made["labeled"]["image"] = made["labeled"].pop(first)
        return made
