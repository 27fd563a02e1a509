"""What a network sees of the pixels of images."""

from dataclasses import replace

from semisup.core.errors import SemisupError
from semisup.data.store import Store


def scale_pixels(store: Store, normalize: bool = True) -> Store:
    """Chooses whether the views of images are normalized by the mean and standard deviation of the training images.

    Args:
        store: The data set.
        normalize: False leaves the pixels in [0, 1], where 0 is black.

    Returns:
        A data set over the same images.

    Raises:
        SemisupError: If a table is not to be normalized.
    """
    if normalize:
        return store
    if len(store.shape) != 3:
        raise SemisupError("data.normalize=false leaves pixels as they are, and this data set has no images.")
    channels = store.shape[0]
    return replace(store, mean=(0.0,) * channels, std=(1.0,) * channels)
