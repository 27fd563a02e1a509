"""The networks, one per file. A network of your own is a subclass of Backbone, see base.py."""

from semisup.models.backbones.base import Backbone, Interpolation
from semisup.models.backbones.concatenated import Concatenated
from semisup.models.backbones.keras_cnn import KerasCNN
from semisup.models.backbones.linear import Linear, MlpHead
from semisup.models.backbones.mirrored import Mirror, Mirrored
from semisup.models.backbones.mlp import MLP
from semisup.models.backbones.resnet import ResNet18
from semisup.models.backbones.small_cnn import SmallCNN
from semisup.models.backbones.timm_network import Timm
from semisup.models.backbones.torchvision_network import Torchvision
from semisup.models.backbones.wide_resnet import WideResNet

__all__ = [
    "MLP",
    "Backbone",
    "Concatenated",
    "Interpolation",
    "KerasCNN",
    "Linear",
    "Mirror",
    "Mirrored",
    "MlpHead",
    "ResNet18",
    "SmallCNN",
    "Timm",
    "Torchvision",
    "WideResNet",
]
