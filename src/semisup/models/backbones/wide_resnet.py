"""The network of most papers on semi-supervised learning."""

from functools import partial

from torch import Tensor, nn

from semisup.core.errors import SemisupError
from semisup.core.ranges import Fraction, PositiveInt
from semisup.models.backbones.base import Backbone
from semisup.models.backbones.stochastic_depth import StochasticDepth, linear_drop_rates

# ε and the slope of the activation as in the FixMatch code.
norm = partial(nn.BatchNorm2d, eps=1e-3)
activation = partial(nn.LeakyReLU, 0.1)
conv3x3 = partial(nn.Conv2d, kernel_size=3, padding=1, bias=False)


class Block(nn.Module):
    """x + conv(act(norm(conv(act(norm(x)))))), (N, in, H, W) -> (N, out, H / stride, W / stride).

    Args:
        inputs: The number of input channels.
        outputs: The number of output channels.
        stride: Of the first convolution.
        dropout: The probability of dropout between the two convolutions.
        drop: The probability of stochastic depth.
        activate_first: Whether the shortcut, too, starts from act(norm(x)), as in the first block of the network.
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int, *, dropout: float, drop: float, activate_first: bool
    ) -> None:
        super().__init__()
        self.activate_first = activate_first
        self.activate = nn.Sequential(norm(inputs), activation())
        self.branch = nn.Sequential(
            conv3x3(inputs, outputs, stride=stride),
            norm(outputs),
            activation(),
            nn.Dropout(dropout),
            conv3x3(outputs, outputs),
            StochasticDepth(drop),
        )
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        activated = self.activate(x)
        return self.shortcut(activated if self.activate_first else x) + self.branch(activated)


class WideResNet(Backbone):
    """Wide ResNet as in FixMatch, TorchSSL and USB.

    WRN-28-2 has 1,467,610 parameters for CIFAR-10; width=8 is the usual network for CIFAR-100.

    Source: Zagoruyko & Komodakis, 2016, arXiv:1605.07146. Departure: batch norm's running statistics move by torch's
    0.1 a step, not by 0.001, which takes thousands of steps to forget the start. In long runs, the moving average of
    the network's buffers smooths them as well.

    Args:
        shape: One input: an image (C, H, W).
        classes: K.
        depth: The number of layers, 6 n + 4.
        width: The factor of the numbers of channels.
        dropout: The probability of dropout between the two convolutions of a block.
        stochastic_depth: The probability that the last block is dropped; for the others it is linearly less.
        size: The shorter side that images are resized to; None leaves those of at least `min_size` as they are.

    Raises:
        SemisupError: If there is no such depth, or the network cannot take such inputs.
    """

    min_size = 8

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int,
        *,
        depth: PositiveInt = 28,
        width: PositiveInt = 2,
        dropout: Fraction = 0.0,
        stochastic_depth: Fraction = 0.0,
        size: PositiveInt | None = None,
    ) -> None:
        super().__init__(shape, classes, size=size)
        per_group, rest = divmod(depth - 4, 6)
        if rest or per_group < 1:
            raise SemisupError(f"backbone.depth={depth} is not valid: it is 6 n + 4, such as 10, 16, 28 or 40.")
        drops = linear_drop_rates(stochastic_depth, 3 * per_group)
        channels = 16
        layers: list[nn.Module] = [conv3x3(self.shape[0], channels)]
        for index, drop in enumerate(drops):
            group, position = divmod(index, per_group)
            outputs = 16 * width * 2**group
            stride = 2 if group > 0 and position == 0 else 1
            layers.append(Block(channels, outputs, stride, dropout=dropout, drop=drop, activate_first=index == 0))
            channels = outputs
        self.layers = nn.Sequential(*layers, norm(channels), activation())
        self.num_features = channels
        self.head = nn.Linear(channels, classes)
        for module in self.layers.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="leaky_relu")
        nn.init.xavier_normal_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def features(self, x: Tensor) -> Tensor:
        return self.layers(self.resize(x)).mean((2, 3))
