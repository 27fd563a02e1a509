"""A data source from outside the package: small colour images whose class shows in their brightness."""

from pathlib import Path

import numpy as np

from semisup.data import Store, open_store, write_store


def toy(data_dir: Path, classes: int = 3, scrambled: bool = False) -> Store:
    """120 + 30 images of 16x16 pixels. scrambled: the targets after the first 40 are wrong."""
    folder = data_dir / f"toy-{classes}-{scrambled}"
    if not folder.exists():
        rng = np.random.default_rng(0)
        targets = np.arange(150) % classes
        images = rng.integers(0, 60, (150, 16, 16, 3)) + (targets * 190 // classes)[:, None, None, None]
        images = images.astype(np.uint8)
        shown = np.where(np.arange(150) < 40, targets, (targets + 1) % classes) if scrambled else targets
        train, test = (images[:120], shown[:120]), (images[120:], targets[120:])
        write_store(folder, "toy", [f"class {c}" for c in range(classes)], train, test)
    return open_store(folder)
