"""ResNet-18 for small images."""

from functools import partial

from torch import Tensor, nn

from semisup.core.ranges import Fraction, PositiveInt
from semisup.models.backbones.base import Backbone
from semisup.models.backbones.stochastic_depth import StochasticDepth, linear_drop_rates

conv3x3 = partial(nn.Conv2d, kernel_size=3, padding=1, bias=False)


class BasicBlock(nn.Module):
    """relu(x + norm(conv(relu(norm(conv(x)))))), (N, in, H, W) -> (N, out, H / stride, W / stride).

    Args:
        inputs: The number of input channels.
        outputs: The number of output channels.
        stride: Of the first convolution.
        drop: The probability of stochastic depth.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, *, drop: float) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            conv3x3(inputs, outputs, stride=stride),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            conv3x3(outputs, outputs),
            nn.BatchNorm2d(outputs),
            StochasticDepth(drop),
        )
        self.shortcut: nn.Module = nn.Identity()
        if inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                nn.BatchNorm2d(outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        return (self.shortcut(x) + self.branch(x)).relu()


class ResNet18(Backbone):
    """ResNet-18 for small images; 11,173,962 parameters for CIFAR-10.

    Source: He et al., 2016, arXiv:1512.03385. Departure, usual for 32-pixel images: the first convolution is 3 x 3 with
    stride 1, and no pooling follows it.

    Args:
        shape: One input: an image (C, H, W).
        classes: K.
        stochastic_depth: The probability that the last block is dropped; for the others it is linearly less.
        size: The shorter side that images are resized to; None leaves those of at least `min_size` as they are.
    """

    min_size = 8

    def __init__(
        self, shape: tuple[int, ...], classes: int, *, stochastic_depth: Fraction = 0.0, size: PositiveInt | None = None
    ) -> None:
        super().__init__(shape, classes, size=size)
        drops = linear_drop_rates(stochastic_depth, 8)
        channels = 64
        layers: list[nn.Module] = [conv3x3(self.shape[0], channels), nn.BatchNorm2d(channels), nn.ReLU()]
        for index, drop in enumerate(drops):
            outputs = 64 * 2 ** (index // 2)  # 64, 64, 128, 128, 256, 256, 512, 512
            stride = outputs // channels  # a wider block halves the side
            layers.append(BasicBlock(channels, outputs, stride, drop=drop))
            channels = outputs
        self.layers = nn.Sequential(*layers)
        self.num_features = channels
        self.head = nn.Linear(channels, classes)
        for module in self.layers.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, x: Tensor) -> Tensor:
        return self.layers(self.resize(x)).mean((2, 3))
