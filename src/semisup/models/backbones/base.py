"""What every network of Semisup has in common."""

from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.errors import SemisupError


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

    shape: one input, an image (C, H, W) or a row of numbers (D,). `self.shape` is that input as the network sees it,
    after resizing. size: the shorter side that images are resized to, on the device; None: as they come, but never
    below the smallest side that the network takes, `min_size`: smaller images are enlarged bilinearly.
    """

    min_size: int = 1
    takes_rows: bool = False
    num_features: int
    head: nn.Linear

    def __init__(self, shape: tuple[int, ...], classes: int, *, size: int | None = None) -> None:
        super().__init__()
        self.classes = classes
        self.shape = tuple(shape)
        if self.takes_rows:
            return
        name = type(self).__name__
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
        """(N, *shape) -> (N, num_features), the input of the head. Image networks start with `self.resize(x)`."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """(N, *shape) -> logits (N, classes)."""
        return self.head(self.features(x))

    def resize(self, x: Tensor) -> Tensor:
        """Images (N, C, any, any) in the size that the network was built for, (N, *self.shape), bilinearly."""
        height, width = self.shape[1:]
        if x.shape[2:] == (height, width):
            return x
        shrinks = x.shape[2] > height or x.shape[3] > width
        return F.interpolate(x, (height, width), mode="bilinear", antialias=shrinks)


def probability(option: str, value: float) -> float:
    """The value itself, if something can be dropped with it: 0 ≤ value < 1."""
    if not 0 <= value < 1:
        raise SemisupError(f"backbone.{option}={value} should be a probability, from 0 up to but not including 1.")
    return value
