"""The network of most papers on semi-supervised learning."""

from functools import partial

from torch import Tensor, nn

from semisup.core.errors import SemisupError
from semisup.models.backbones.base import Backbone, probability
from semisup.models.backbones.stochastic_depth import StochasticDepth, linear_decay

# ε and the slope of the activation as in the FixMatch code.
norm = partial(nn.BatchNorm2d, eps=1e-3)
activation = partial(nn.LeakyReLU, 0.1)
conv3x3 = partial(nn.Conv2d, kernel_size=3, padding=1, bias=False)


class Block(nn.Module):
    """x + conv(act(norm(conv(act(norm(x)))))), (N, in, H, W) -> (N, out, H / stride, W / stride).

    activate_first: the shortcut too starts from act(norm(x)), as in the first block of the network.
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
    """Wide ResNet (Zagoruyko & Komodakis, 2016, arXiv:1605.07146) as in FixMatch, TorchSSL and USB.

    WRN-28-2 has 1,467,610 parameters for CIFAR-10; width=8 is the usual network for CIFAR-100. dropout: between the two
    convolutions of a block. stochastic_depth: how often the last block is left out, the others linearly less.

    Departure: batch norm's running statistics move by torch's 0.1 a step, not by 0.001. At 0.001 they need thousands
    of steps to forget their start, and a short run would be evaluated with statistics that are not those of its
    images; over a long run, averaging the network's buffers with its weights gives the same calm.
    """

    min_size = 8

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int,
        *,
        depth: int = 28,
        width: int = 2,
        dropout: float = 0.0,
        stochastic_depth: float = 0.0,
        size: int | None = None,
    ) -> None:
        super().__init__(shape, classes, size=size)
        probability("dropout", dropout)
        per_group, rest = divmod(depth - 4, 6)
        if rest or per_group < 1:
            raise SemisupError(f"backbone.depth={depth} should be 6 n + 4, such as 10, 16, 28 or 40.")
        drops = linear_decay(probability("stochastic_depth", stochastic_depth), 3 * per_group)
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
