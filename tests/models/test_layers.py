"""How deep the layers of real networks are."""

import torch

from semisup.models.backbones import MLP, ResNet18, WideResNet
from semisup.models.layers import layer_depths


def named(network):
    depths = layer_depths(network)
    return {name: depths[id(parameter)] for name, parameter in network.named_parameters()}


def test_a_wide_resnet_has_its_blocks_as_layers_and_its_last_norm_with_the_head():
    """Depth 10: a convolution, 3 blocks, and the head with the norm before it: 5 layers."""
    depths = named(WideResNet((3, 8, 8), 10, depth=10, width=1))
    assert depths["head.weight"] == depths["head.bias"] == depths["layers.4.weight"] == 0
    assert {name.split(".")[1]: depth for name, depth in depths.items() if "layers" in name} == {
        "0": 4,
        "1": 3,
        "2": 2,
        "3": 1,
        "4": 0,
    }


def test_each_block_of_a_resnet_is_a_layer():
    depths = named(ResNet18((3, 32, 32), 10))
    assert depths["head.weight"] == 0
    assert max(depths.values()) == 1 + 8, "a convolution below 8 blocks"


def test_parameters_outside_of_layers_are_lowest():
    network = MLP((4,), 3, hidden=[5, 6])
    network.position = torch.nn.Parameter(torch.zeros(1, 4))
    depths = named(network)
    assert depths["head.weight"] == 0
    assert depths["position"] == max(depths.values()) == 2
