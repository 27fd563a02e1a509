"""Which images of a data set are labeled, validation and unlabeled: hashed, and saved with the run."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semisup.core.atomic_files import atomic_write, atomic_write_text
from semisup.core.damaged_files import checked, read_json
from semisup.core.errors import SemisupError
from semisup.data.store import Store

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Indices into a store's images; the three parts never overlap.

    Args:
        labeled: The images that train with their labels.
        validation: The other images whose labels are used; they do not train.
        unlabeled: The images whose classes are hidden.
        labeled_in_unlabeled: Whether the labeled images are in the unlabeled stream, too, as is usual in the field.
        fingerprint: The store's.
    """

    labeled: Indices
    validation: Indices
    unlabeled: Indices
    labeled_in_unlabeled: bool
    fingerprint: str

    @property
    def stream(self) -> Indices:
        """The images of the unlabeled stream."""
        return np.concatenate([self.labeled, self.unlabeled]) if self.labeled_in_unlabeled else self.unlabeled

    @property
    def known(self) -> Indices:
        """The images whose labels are used: labeled and validation."""
        return np.concatenate([self.labeled, self.validation])

    @property
    def hash(self) -> str:
        """A SHA-256 hash of the data set and of all that the split says, in hexadecimal digits."""
        digest = hashlib.sha256(f"{self.fingerprint} {self.labeled_in_unlabeled}".encode())
        for part in (self.labeled, self.validation, self.unlabeled):
            digest.update(len(part).to_bytes(8, "little") + part.astype("<i8").tobytes())
        return digest.hexdigest()

    def manifest(self, store: Store) -> dict[str, Any]:
        """Describes the split, without any hidden class.

        Args:
            store: The data set that was split.

        Returns:
            Values by name, for JSON.
        """
        per_class = np.bincount(store.targets[self.labeled], minlength=len(store.classes))
        return {
            "hash": self.hash,
            "labeled": len(self.labeled),
            "validation": len(self.validation),
            "unlabeled": len(self.unlabeled),
            "labeled_in_unlabeled": self.labeled_in_unlabeled,
            "labeled_per_class": dict(zip(store.classes, per_class.tolist(), strict=True)),
            "data": store.name,
            "data_fingerprint": store.fingerprint,
            "test_fingerprint": store.test_fingerprint,
            "unknown_classes": list(store.unknown_classes),
        }

    def save(self, folder: Path, store: Store) -> None:
        """Writes split.npz (indices) and split.json (manifest).

        Args:
            folder: The run's folder.
            store: The data set that was split.

        Raises:
            SemisupError: If the folder already has another split.
        """
        manifest = folder / "split.json"
        if manifest.exists():
            with checked(manifest, "delete it, and the same command writes it again"):
                saved = str(read_json(manifest)["hash"])
            if saved != self.hash:
                raise SemisupError(
                    f"{folder} was started with another split ({saved[:12]}, now {self.hash[:12]}), as the data set or "
                    "its labels have changed; restore the old data, or start again with overwrite=true."
                )
            return
        with atomic_write(folder / "split.npz") as temporary:
            np.savez_compressed(temporary, labeled=self.labeled, validation=self.validation, unlabeled=self.unlabeled)
        atomic_write_text(manifest, json.dumps(self.manifest(store), indent=1))
