"""The networks, one a file. A network of your own is a subclass of Backbone, see base.py."""

from semisup.backbones.base import Backbone
from semisup.backbones.keras_cnn import KerasCNN
from semisup.backbones.mlp import MLP
from semisup.backbones.resnet import ResNet18
from semisup.backbones.small_cnn import SmallCNN
from semisup.backbones.timm_network import Timm
from semisup.backbones.torchvision_network import Torchvision
from semisup.backbones.wide_resnet import WideResNet

__all__ = ["MLP", "Backbone", "KerasCNN", "ResNet18", "SmallCNN", "Timm", "Torchvision", "WideResNet"]
