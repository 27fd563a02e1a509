"""Embeddings by networks: of the intended weights, at the intended size, of the intended images."""

from functools import partial

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from semisup.core.errors import SemisupError
from semisup.data import open_store, write_store
from semisup.embeddings import PretrainedEmbedding, RoundNetworkEmbedding
from semisup.methods import Supervised
from semisup.models.backbones import MLP, Torchvision
from semisup.runs.trained_network import load_network
from tests.embeddings.counted import RGB, ROWS, Counted, by_hand, network_features, plain

LOAD = partial(load_network, allow=["tests"])
SMALL = "shufflenet_v2_x0_5"


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A local file of weights, from a random start."""
    file = tmp_path_factory.mktemp("weights") / "weights.pth"
    torch.save(Torchvision(RGB, 3, name=SMALL).network.state_dict(), file)
    return str(file)


def test_a_method_is_embedded_by_the_average_that_it_evaluates(store):
    """A teacher's average is not its network; and both are left as they were."""
    method = Supervised(Counted(RGB, 3))
    with torch.no_grad():
        method.ema.network.conv.bias += 1
    method.network.train()
    found = network_features(method, store, ROWS)
    assert method.network.training
    assert_array_equal(found, network_features(method.ema.network, store, ROWS))
    assert_allclose(found, by_hand(method.ema.network, plain(store)), atol=1e-6)
    assert_allclose(found - 1, network_features(Supervised(Counted(RGB, 3), ema=0), store, ROWS), atol=1e-5)


def test_batches_change_nothing_but_roundings(store):
    one, many = (RoundNetworkEmbedding(Counted(RGB, 3), batch_size=size)(store, ROWS) for size in (40, 7))
    assert_allclose(many, one, atol=1e-6)


def test_bf16_is_near(store):
    full, half = (network_features(Counted(RGB, 3), store, ROWS, precision=p) for p in ("32-true", "bf16-mixed"))
    assert half.dtype == np.float32
    assert 0 < np.abs(full - half).max() < 0.05


@pytest.mark.parametrize("size", [None, 48])
def test_a_pretrained_network_at_a_size(store, weights, size):
    """Images as its library normalizes them: by ImageNet's mean and standard deviation."""
    found = PretrainedEmbedding(network=f"torchvision:{SMALL}", weights=weights, size=size)(store, ROWS)
    network = Torchvision(RGB, 10, name=SMALL, weights=weights, size=size)
    images = plain(store, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert_allclose(found, by_hand(network, images), atol=1e-4)
    assert network.shape[1] == (size or 32), "never below what the network takes"


def test_the_images_normalized_by_the_data_set(store, weights):
    found = PretrainedEmbedding(network=f"torchvision:{SMALL}", weights=weights, scaling="data")(store, ROWS)
    assert_allclose(found, by_hand(Torchvision(RGB, 3, name=SMALL, weights=weights), plain(store)), atol=1e-4)


def test_several_networks_side_by_side_each_with_its_own_normalization(store, weights, tmp_path):
    """The first names ImageNet's statistics, the second .5 and .5. Each part has length 1, as it would have alone."""
    pytest.importorskip("timm", reason="timm is an extra, semisup[timm]")
    from semisup.models.backbones import Timm

    other = "tf_mobilenetv3_small_minimal_100.in1k"
    torch.save(Timm(RGB, 3, name=other).network.state_dict(), tmp_path / "other.pth")
    names, files = [f"torchvision:{SMALL}", f"timm:{other}"], [weights, str(tmp_path / "other.pth")]
    joined = PretrainedEmbedding(network=names, weights=files)(store, ROWS)
    alone = [
        PretrainedEmbedding(network=n, weights=w, normalize=True)(store, ROWS)
        for n, w in zip(names, files, strict=True)
    ]
    assert_allclose(joined, np.concatenate(alone, axis=1), atol=1e-4)
    embedding = PretrainedEmbedding(network=names, weights=files)
    assert embedding.fingerprint(store) == embedding.fingerprint(store), "random heads are no part of it"


def test_a_node_in_place_of_a_name(store, weights):
    node = {"_target_": "semisup.models.backbones.Torchvision", "name": SMALL}
    one, same = (PretrainedEmbedding(network=n, weights=weights)(store, ROWS) for n in (f"torchvision:{SMALL}", node))
    assert_array_equal(one, same)


def test_gray_images_and_timm(tmp_path, weights):
    """Gray images take the mean over the channels of what timm names: .5 and .5 here, which is x / 127.5 - 1."""
    pytest.importorskip("timm", reason="timm is an extra, semisup[timm]")
    from semisup.models.backbones import Timm

    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
    write_store(tmp_path / "gray", "gray", ("a",), (images, np.zeros(40)), (images[:0], np.zeros(0)))
    network = Timm((1, 8, 8), 1, name="tf_mobilenetv3_small_minimal_100.in1k")
    torch.save(network.network.state_dict(), tmp_path / "weights.pth")
    name = "timm:tf_mobilenetv3_small_minimal_100.in1k"
    found = PretrainedEmbedding(network=name, weights=str(tmp_path / "weights.pth"))(
        open_store(tmp_path / "gray"), ROWS
    )
    x = torch.from_numpy(images[ROWS]).permute(0, 3, 1, 2) / 127.5 - 1
    assert_allclose(found, by_hand(network, x), atol=1e-3)


def test_what_a_random_head_draws_is_no_part_of_the_key_nor_of_other_randomness(store, weights, folder):
    torch.manual_seed(0)
    for _ in range(2):
        PretrainedEmbedding(network=f"torchvision:{SMALL}", weights=weights)(store, ROWS, folder)
    after = torch.rand(1)
    torch.manual_seed(0)
    assert after == torch.rand(1)
    assert len(list(folder.iterdir())) == 1


def test_inputs_of_another_kind(store, table, weights):
    with pytest.raises(SemisupError, match=r"Counted takes inputs of 3 x 16 x 16 numbers and cannot embed table"):
        network_features(Counted(RGB, 3), table, np.arange(3))
    with pytest.raises(SemisupError, match=r"MLP takes inputs of 4 numbers and cannot embed toy"):
        network_features(MLP((4,), 2), store, ROWS)
    with pytest.raises(SemisupError, match="needs images, and table has rows of 4 numbers"):
        PretrainedEmbedding(network=f"torchvision:{SMALL}", weights=weights)(table, np.arange(3))


def test_rows_of_a_table_through_a_network(table):
    network = MLP((4,), 2)
    assert network_features(network, table, np.arange(30)).shape == (30, network.num_features)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: PretrainedEmbedding(network=["timm:a", "timm:b"], weights=["c"]),
            "embedding.network lists 2 networks, and embedding.weights 1: give two networks or more",
        ),
        (lambda: PretrainedEmbedding(network="timm:a", weights=["c"]), "embedding.weights is a list, and"),
        (lambda: PretrainedEmbedding(network="resnet18"), "embedding.network=resnet18 is not valid: write timm:NAME"),
        (lambda: PretrainedEmbedding(network={"_target_": "semisup.models.backbones.SmallCNN"}), "takes no weights"),
        (lambda: PretrainedEmbedding(network={"name": "resnet18"}), "has no _target_"),
        (lambda: RoundNetworkEmbedding(nn.Linear(1, 1)), "Linear has no features to embed by"),
        (
            lambda: RoundNetworkEmbedding(Counted(RGB, 3), batch_size=0),
            "batch_size=0 is not valid: it is a whole number of at least 1",
        ),
    ],
)
def test_sentences(make, sentence):
    with pytest.raises(SemisupError, match=sentence):
        make()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"weights": "/no/such/file.pth"}, "embedding.weights=/no/such/file.pth is neither 'pretrained' nor a file"),
        ({"network": "torchvision:resnet-18"}, "did you mean 'resnet18'"),
        ({"network": "torchvision:alexnet"}, r"32 x 32 pixels .*: set embedding\.size"),
        ({"device": "nowhere"}, "there is no device embedding.device=nowhere"),
    ],
)
def test_what_shows_when_the_network_is_built(store, weights, options, sentence):
    options = {"network": f"torchvision:{SMALL}", "weights": weights, **options}
    if options["network"] == "torchvision:alexnet":
        options["weights"] = None
    with pytest.raises(SemisupError, match=sentence):
        PretrainedEmbedding(**options)(store, ROWS)
