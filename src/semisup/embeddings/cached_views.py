"""Features of a few weak and strong views of each image, computed once by a frozen network and kept on disk.

A folder of the cache holds images.npy, (N, V, D), and test_images.npy, (M, 1, D), both float16, with V = 1 + 2 n: the
plain view, n weak and n strong ones. Blocks of images are written one by one into a folder beside it. A program that
was stopped continues with the blocks that are missing.
"""

import json
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from semisup.core import environment
from semisup.core.atomic_files import atomic_folder, atomic_write
from semisup.core.checksums import check_seal, is_sealed, seal
from semisup.core.distributed import is_distributed, rank, wait_for
from semisup.core.errors import SemisupError
from semisup.data import Store
from semisup.data.store_writer import write_array
from semisup.data.transforms import AugParams, Views
from semisup.embeddings.cache import description_key
from semisup.embeddings.shards import broadcast, raise_in_all
from semisup.models.backbones import Backbone
from semisup.models.inference import BatchedInference, evaluation_mode, infer

Progress = Callable[[int, int], None]  # blocks that are done, and all of them
Block = tuple[str, int, int]  # images or test_images, the first row, and the row after the last


def no_progress(done: int, total: int) -> None:
    """Shows nothing.

    Args:
        done: Blocks that are done.
        total: All blocks.
    """


@dataclass(frozen=True)
class ViewCache:
    """The cached features of a store's images.

    Args:
        store: Images, (N, H, W, C) uint8.
        network: Frozen; its `features` of the weak and strong views are cached.
        plain_network: The same, of the plain view.
        views: Make the network's inputs.
        inference: Batch size, device and precision.
        count: n, of weak and of strong views.
        seed: Each view is a function of (seed, view, image).
        normalize: Whether each vector is scaled to length 1.
        description: Everything that the features depend on; its hash names the folder.
    """

    store: Store
    network: Backbone
    plain_network: Backbone
    views: Views
    inference: BatchedInference
    count: int
    seed: int
    normalize: bool
    description: dict[str, Any]

    def open(self, cache: Path, progress: Progress = no_progress) -> Store:
        """Opens the features, after computing those that are not in the cache. Several processes share the blocks.

        Args:
            cache: The folder of all embeddings.
            progress: Called after each block.

        Returns:
            The data set with features in the place of images.

        Raises:
            SemisupError: If a feature is not finite, or a file is damaged.
        """
        folder = cache / description_key(self.description)
        if broadcast(not folder.exists()):
            raise_in_all(lambda: self._write_blocks(folder, progress))
            raise_in_all(lambda: self._join_blocks(folder) if rank() == 0 else None)
        wait_for(folder / "meta.json")
        images = _open(folder / "images.npy", len(self.store.images))
        tests = _open(folder / "test_images.npy", len(self.store.test_images))
        width = self.network.num_features
        mean, std = (0.0,) * width, (1.0,) * width
        frozen = replace(self.store, images=images, test_images=tests, mean=mean, std=std, columns=())
        return replace(frozen, images_fingerprint=folder.name)

    def _blocks(self) -> list[Block]:
        size = self.inference.batch_size
        counts = {"images": len(self.store.images), "test_images": len(self.store.test_images)}
        starts = [(name, start, count) for name, count in counts.items() for start in range(0, count, size)]
        return [(name, start, min(start + size, count)) for name, start, count in starts]

    def _write_blocks(self, folder: Path, progress: Progress) -> None:
        """Computes this process's share of the blocks that are not there yet."""
        parts, blocks = _parts(folder), self._blocks()
        parts.mkdir(parents=True, exist_ok=True)
        world_size = torch.distributed.get_world_size() if is_distributed() else 1
        device = environment.device(self.inference.device, "embedding.device")
        with evaluation_mode(self.plain_network, device):
            for number, block in enumerate(blocks):
                file = parts / _block_name(block)
                if number % world_size == rank() and not is_sealed(file):
                    features = self._features(block, device)
                    with atomic_write(file) as temporary:
                        np.save(temporary, features)
                        seal(temporary)
                progress(number + 1, len(blocks))

    def _features(self, block: Block, device: torch.device) -> NDArray[np.float16]:
        """The features of a block, (b, V, D); of test images in the plain view alone."""
        name, start, stop = block
        images = np.array(getattr(self.store, name)[start:stop])
        made = []
        for view in view_names(self.count if name == "images" else 0):
            apply = partial(self._apply, view, self._draw(view, range(start, stop)))
            remedy = f"lower embedding.batch_size={self.inference.batch_size}"
            made.append(infer(apply, images, device, self.inference.precision, remedy))
        stacked = torch.stack(made, dim=1)
        features = (normalize(stacked, dim=-1) if self.normalize else stacked).half().cpu().numpy()
        if not np.isfinite(features).all():
            row = start + int((~np.isfinite(features).all((1, 2))).argmax())
            raise SemisupError(f"the features of image {row:,} of {self.store.name} are not finite, or above 65,504.")
        return features

    def _apply(self, view: str, aug_params: AugParams, inputs: torch.Tensor) -> torch.Tensor:
        network = self.plain_network if view == "plain" else self.network
        return network.features(self.views.apply(view, inputs, aug_params))

    def _draw(self, view: str, rows: range) -> AugParams:
        """The parameters of each image's view, which do not depend on the block that it is in."""
        entropy = [self.seed, zlib.crc32(view.encode())]
        drawn = [self.views.draw_aug_params(view, np.random.default_rng([*entropy, row]), 1) for row in rows]
        return {option: np.concatenate([one[option] for one in drawn]) for option in drawn[0]}

    def _join_blocks(self, folder: Path) -> None:
        width, parts = self.network.num_features, _parts(folder)

        def read(name: str) -> Iterator[NDArray[np.float16]]:
            return (np.load(parts / _block_name(block)) for block in self._blocks() if block[0] == name)

        with atomic_folder(folder) as temporary:
            shapes = {
                "images": (len(self.store.images), 1 + 2 * self.count, width),
                "test_images": (len(self.store.test_images), 1, width),
            }
            for name, shape in shapes.items():
                write_array(temporary / f"{name}.npy", read(name), shape, "float16")
                seal(temporary / f"{name}.npy")
            meta = {**self.description, "versions": environment.versions()}
            (temporary / "meta.json").write_text(json.dumps(meta, indent=1), encoding="utf-8")
        shutil.rmtree(parts, ignore_errors=True)


def view_names(count: int) -> tuple[str, ...]:
    """The views that are cached.

    Args:
        count: How many weak and how many strong ones, n.

    Returns:
        plain, weak_1 to weak_n, strong_1 to strong_n.
    """
    return ("plain", *(f"{kind}_{number}" for kind in ("weak", "strong") for number in range(1, count + 1)))


def _parts(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.parts")


def _block_name(block: Block) -> str:
    name, start, stop = block
    return f"{name}-{start}-{stop}.npy"


def _open(file: Path, count: int) -> NDArray[np.float16]:
    check_seal(file, f"delete {file.parent}")
    try:
        features: NDArray[np.float16] = np.load(file, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise SemisupError(f"{file} is damaged ({error}); delete {file.parent}.") from error
    if len(features) != count or features.ndim != 3:
        raise SemisupError(f"{file} does not hold the features of {count:,} images; delete {file.parent}.")
    return features
