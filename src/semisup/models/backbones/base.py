"""What all networks have in common."""

from typing import Any, Literal

from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.errors import SemisupError
from semisup.core.ranges import PositiveInt, enforce_ranges

Interpolation = Literal["bilinear", "bicubic"]


class Backbone(nn.Module):
    """A classifier in two parts: `features`, and on top of them one linear layer, the `head`.

    A network of your own sets `num_features` and `head` in its constructor and writes `features`:

        class Tiny(Backbone):
            def __init__(self, shape, classes, *, size=None):
                super().__init__(shape, classes, size=size)
                self.conv = nn.Conv2d(self.shape[0], 8, 3)
                self.num_features = 8
                self.head = nn.Linear(self.num_features, classes)

            def features(self, x):
                return self.conv(self.resize(x)).mean((2, 3))

    Ranges in a subclass's constructor, such as `dropout: Fraction`, are enforced.

    Args:
        shape: One input: an image (C, H, W), or a row of numbers (D,).
        classes: K.
        size: The shorter side that images are resized to, on the device; None leaves them as they are. that are
            smaller than `min_size` are enlarged to it.

    Attributes:
        min_size: The smallest side of an image that the network takes.
        takes_rows: Whether it takes rows of numbers; then it does not resize images.
        takes_embedding: Whether it takes the features of a frozen network, which `embedding` names.
        interpolation: How images are resized.
        num_features: D of the features.
        head: Maps features (N, D) to logits (N, K).
        shape: One input as the network sees it, after resizing.

    Raises:
        SemisupError: If the network cannot take such inputs.
    """

    min_size: int = 1
    takes_rows: bool = False
    takes_embedding: bool = False
    interpolation: Interpolation = "bilinear"
    num_features: int
    head: nn.Linear

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        enforce_ranges(cls)

    def __init__(self, shape: tuple[int, ...], classes: int, *, size: PositiveInt | None = None) -> None:
        super().__init__()
        self.classes = classes
        self.shape = tuple(shape)
        name = type(self).__name__
        if self.takes_embedding and len(shape) != 1:
            raise SemisupError(f"{name} takes the features of a frozen network, (D,), and no images.")
        if self.takes_rows or self.takes_embedding:
            return
        if len(shape) == 1:
            rows = f"this data set has rows of {shape[0]} numbers"
            raise SemisupError(f"{name} needs images, and {rows}: use backbone=mlp.")
        if size is not None and size < self.min_size:
            raise SemisupError(
                f"{name} needs images of {self.min_size} pixels or more, and backbone.size={size} is less."
            )
        channels, height, width = shape
        shorter = min(height, width)
        scale = (size or max(shorter, self.min_size)) / shorter
        self.shape = (channels, round(height * scale), round(width * scale))

    def features(self, x: Tensor) -> Tensor:
        """Maps inputs (N, *shape) to features (N, num_features). Image networks start with `self.resize(x)`."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Maps inputs (N, *shape) to logits (N, K)."""
        return self.head(self.features(x))

    def resize(self, x: Tensor) -> Tensor:
        """Resizes images to the size that the network was built for.

        Args:
            x: Images (N, C, H, W) of any size.

        Returns:
            (N, *self.shape).
        """
        height, width = self.shape[1:]
        if x.shape[2:] == (height, width):
            return x
        shrinks = x.shape[2] > height or x.shape[3] > width
        return F.interpolate(x, (height, width), mode=self.interpolation, antialias=shrinks)
