"""Embeddings by networks: of the intended weights, at the intended size, of the intended images."""

import json
from functools import partial

import numpy as np
import pytest
import torch
import yaml
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from semisup.config.rounds import Rounds
from semisup.core.errors import SemisupError
from semisup.core.schema import completed
from semisup.data import open_store, write_store
from semisup.embeddings import CheckpointEmbedding, PretrainedEmbedding, RoundNetworkEmbedding
from semisup.embeddings.plain import plain_views
from semisup.methods import Supervised
from semisup.models.backbones import MLP, Torchvision
from semisup.runs.trained_network import load_network
from tests.embeddings.counted import Counted, network_features

LOAD = partial(load_network, allow=["tests"])
ROWS = np.arange(40)[::-1]
RGB = (3, 16, 16)
SMALL = "shufflenet_v2_x0_5"


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A local file of weights, from a random start."""
    file = tmp_path_factory.mktemp("weights") / "weights.pth"
    torch.save(Torchvision(RGB, 3, name=SMALL).network.state_dict(), file)
    return str(file)


def plain(store, mean=None, std=None):
    return plain_views(store, mean, std).apply("plain", torch.from_numpy(store.images[ROWS]), {})


def by_hand(network, images):
    with torch.no_grad():
        return network.eval().features(images).numpy()


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


@pytest.fixture(scope="session")
def finished(store, tmp_path_factory):
    """A run's folder of three rounds. Round 0, which was tested, has an average; round 1 another network and none.

    Round 2 is a fine-tuning of round 0, whose network it has.
    """
    folder = tmp_path_factory.mktemp("runs") / "toy-run"
    node = {"_target_": "tests.embeddings.counted.Counted", "size": None, "seed": 0}
    config = {
        "seed": 0,
        "backbone": node,
        "method": {},
        "teacher": None,
        "rounds": completed("rounds", {"students": 1, "backbones": [{"size": 20}]}, [Rounds]),
        "trainer": {"max_steps": 1},
    }
    for number, size in ((0, None), (1, 20), (2, None)):
        (folder / f"round{number}").mkdir(parents=True)
        method = Supervised(Counted(RGB, 3, size=size, seed=number), ema=0 if number else 0.9)
        if method.ema:
            with torch.no_grad():
                method.ema.network.conv.bias += 1
        torch.save({"state_dict": method.state_dict()}, folder / f"round{number}/last.ckpt")
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "round2/round.json").write_text(json.dumps({"kind": "fine-tuning of round 0"}))
    (folder / "result.json").write_text(json.dumps({"round": 0, "validation": None}))
    return folder


def test_a_run_is_embedded_by_the_averaged_weights_of_the_round_that_was_tested(store, finished):
    network = Counted(RGB, 3)
    with torch.no_grad():
        network.conv.bias += 1
    assert_allclose(
        CheckpointEmbedding(run=str(finished), load_network=LOAD)(store, ROWS),
        by_hand(network, plain(store)),
        atol=1e-6,
    )


@pytest.mark.parametrize(("number", "size"), [(1, 20), (2, None)])
def test_a_checkpoint_is_embedded_by_the_network_of_its_round(store, finished, number, size):
    found = CheckpointEmbedding(run=str(finished / f"round{number}/last.ckpt"), load_network=LOAD)(store, ROWS)
    assert_allclose(found, by_hand(Counted(RGB, 3, size=size, seed=number), plain(store)), atol=1e-6)


def test_a_real_run(run, config, tmp_path, data_dir):
    """Digits, trained for a dozen steps: what the run's own network says of them, through its features."""
    from semisup.config.nodes import load_source
    from semisup.config.resolve import complete
    from semisup.training.fit import load_best_weights, make_method

    run()
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if not path.name.startswith("."))
    full = complete(config())
    store = load_source(full)
    method = make_method(full, store)
    load_best_weights(method, folder / "round0")
    found = CheckpointEmbedding(run=str(folder), load_network=LOAD)(store, ROWS)
    assert_allclose(found, by_hand(method.ema.network, plain(store)), atol=1e-6)


def test_runs_that_cannot_be_read(store, finished, tmp_path):
    def refuses(run, sentence):
        with pytest.raises(SemisupError, match=sentence):
            CheckpointEmbedding(run=str(run), load_network=LOAD)(store, ROWS)

    refuses(tmp_path, r"is not the folder of a run: it has no config\.yaml")
    (tmp_path / "config.yaml").write_text((finished / "config.yaml").read_text())
    refuses(tmp_path, "is not finished")
    refuses(tmp_path / "round0/best.ckpt", "there is no such checkpoint")
    (tmp_path / "result.json").write_text('{"round": 0, "validation": null}')
    refuses(tmp_path, r"its network is lost, as round0 has no last\.ckpt")
    torch.save({"state_dict": Counted(RGB, 3).state_dict()}, tmp_path / "own.ckpt")
    refuses(tmp_path / "own.ckpt", "is not in the folder of a run, as")
    (tmp_path / "round0").mkdir()
    torch.save({"state_dict": {"network.head.bias": torch.zeros(3)}}, tmp_path / "round0/last.ckpt")
    refuses(tmp_path, "its network does not fit toy")


def test_inputs_of_another_kind(store, table, finished, weights):
    with pytest.raises(SemisupError, match=r"Counted takes inputs of 3 x 16 x 16 numbers and cannot embed table"):
        network_features(Counted(RGB, 3), table, np.arange(3))
    with pytest.raises(SemisupError, match=r"MLP takes inputs of 4 numbers and cannot embed toy"):
        network_features(MLP((4,), 2), store, ROWS)
    with pytest.raises(SemisupError, match="needs images, and table has rows of 4 numbers"):
        PretrainedEmbedding(network=f"torchvision:{SMALL}", weights=weights)(table, np.arange(3))
    with pytest.raises(SemisupError, match="its network does not fit table"):
        CheckpointEmbedding(run=str(finished), load_network=LOAD)(table, np.arange(3))


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
