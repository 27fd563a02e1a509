"""What methods share."""

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer
from torch import nn

from semisup.core.errors import SemisupError
from semisup.data import SSLDataModule
from semisup.methods import PseudoLabel, Supervised
from semisup.models.backbones import MLP, WideResNet
from semisup.models.ema import EMA
from tests.toy import toy


def test_images_that_need_no_gradient_go_apart_without_batch_norm_and_get_the_same_logits():
    torch.manual_seed(0)
    method = Supervised(MLP((4,), 3, dropout=0.0))
    a, b = torch.randn(5, 4), torch.randn(6, 4)
    with_graph, apart = method.logits(a, no_grad=(b,))
    together = method.logits(a, b)
    torch.testing.assert_close(torch.cat([with_graph, apart]), torch.cat(together))
    assert with_graph.requires_grad
    assert not apart.requires_grad


def test_with_batch_norm_all_images_share_its_statistics():
    torch.manual_seed(0)
    network = WideResNet((3, 8, 8), 3, depth=10, width=1)
    a, b = torch.randn(4, 3, 8, 8), torch.randn(6, 3, 8, 8) * 5
    first, second = Supervised(network).logits(a, no_grad=(b,))
    together = network(torch.cat([a, b]))
    torch.testing.assert_close(torch.cat([first, second]), together)
    assert not second.requires_grad


def test_the_average_follows_the_weights_and_the_statistics_of_batch_norm():
    """Step 1: d = min(.9, 2/11), step 8: min(.9, 9/18) = .5: 0 → 1 · (1 - 2/11) = 9/11 → (9/11 + 2) / 2."""
    network = nn.BatchNorm1d(1)
    ema = EMA(network, decay=0.9)
    nn.init.zeros_(ema.network.weight)
    nn.init.ones_(network.weight)
    ema.update(network, step=1)
    assert ema.network.weight.item() == pytest.approx(9 / 11)
    nn.init.constant_(network.weight, 2.0)
    network.running_mean.fill_(4.0)
    network.num_batches_tracked.fill_(7)
    ema.update(network, step=8)
    assert ema.network.weight.item() == pytest.approx((9 / 11 + 2) / 2)
    assert ema.network.running_mean.item() == pytest.approx(2.0)
    assert ema.network.num_batches_tracked.item() == 7
    assert not ema.train().network.training, "it always evaluates"
    assert not any(p.requires_grad for p in ema.parameters())


def test_the_average_is_evaluated_and_without_one_the_network():
    image = torch.ones(1, 4)
    averaged = Supervised(MLP((4,), 3)).eval()
    nn.init.zeros_(averaged.network.head.weight)
    assert not torch.equal(averaged(image), averaged.network(image))
    plain = Supervised(MLP((4,), 3), ema=0).eval()
    assert torch.equal(plain(image), plain.network(image))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"t1": 0.7, "t2": 0.6}, r"t1.*0\.7.*t2.*0\.6"),
        ({"threshold": 1.5}, r"^PseudoLabel: threshold=1\.5 is not valid: it is a number from 0 to 1\.$"),
        ({"t2": 2}, r"^PseudoLabel: t2=2 is not valid: it is a number from 0 to 1\.$"),
        ({"ema": 1.0}, r"^Method: ema=1\.0 is not valid: it is a number of at least 0 and below 1\.$"),
    ],
)
def test_a_method_refuses_an_option_out_of_range(options, said):
    with pytest.raises(SemisupError, match=said):
        PseudoLabel(MLP((4,), 3), **options)


def test_label_smoothing_and_class_weights_by_hand():
    """p = (.8, .2) of class 0, and p = (.5, .5) of class 1.

    Smoothing .2: -(.9 ln .8 + .1 ln .2) = .36177 and -ln .5 = .69315, mean .52746.
    Weights 1 and 3: (1 · -ln .8 + 3 · -ln .5) / 4 = .57565.
    """
    logits, label = torch.tensor([[0.8, 0.2], [0.5, 0.5]]).log(), torch.tensor([0, 1])
    network = MLP((4,), 2)
    smoothed = Supervised(network, label_smoothing=0.2).supervised_loss(logits, label)
    assert smoothed.item() == pytest.approx(0.52746, abs=1e-5)
    weighted = Supervised(network, class_weights=[1, 3]).supervised_loss(logits, label)
    assert weighted.item() == pytest.approx(0.57565, abs=1e-5)
    with pytest.raises(SemisupError, match=r"^method\.class_weights lists 3 classes, and the data has 2\.$"):
        Supervised(network, class_weights=[1, 1, 1]).supervised_loss(logits, label)


def test_balanced_class_weights_are_inverse_to_the_number_of_labels(data_dir, tmp_path):
    """Labels in the proportion 4 : 2 : 1 of 28: 16, 8 and 4. N / (K · n) is 28/48, 28/24 and 28/12."""
    store = toy(data_dir)
    data = SSLDataModule(store, labels=28, validation=0, imbalance=4, padding=1, batch_size=4)
    assert np.bincount(store.targets[data.split.labeled]).tolist() == [16, 8, 4]
    method = Supervised(MLP(store.shape, 3), class_weights="balanced")
    options = {"accelerator": "cpu", "logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    Trainer(max_steps=1, limit_val_batches=0, enable_model_summary=False, **options).fit(method, datamodule=data)
    assert method.class_weights == pytest.approx([28 / 48, 28 / 24, 28 / 12])


@pytest.mark.parametrize("source", ["evaluation", "ema"])
def test_targets_are_predicted_without_dropout_if_asked(source):
    """And the network still has dropout where it learns, and trains on in the modes that it was in."""
    torch.manual_seed(0)
    method = PseudoLabel(MLP((4,), 3, hidden=[64], dropout=0.5), targets_from=source)
    assert method.ema is not None
    nn.init.normal_(method.ema.network.head.weight)
    network = method.ema.network if source == "ema" else method.network
    x = torch.randn(5, 4)
    learned, target = method.logits(x, no_grad=(x,))
    assert method.network.training
    assert not method.ema.network.training
    assert not torch.equal(learned, method.network.eval()(x))
    assert torch.equal(target, network.eval()(x))


def test_targets_from_an_average_that_does_not_exist_are_refused():
    with pytest.raises(SemisupError, match=r"^method\.targets_from=ema needs the moving average: method\.ema must be"):
        PseudoLabel(MLP((4,), 3), targets_from="ema", ema=0)
