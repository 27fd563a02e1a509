"""The features of a finished run: of the intended round and weights."""

import json
from functools import partial

import numpy as np
import pytest
import torch
import yaml
from numpy.testing import assert_allclose

from semisup.config.rounds import Rounds
from semisup.core.errors import SemisupError
from semisup.core.schema import completed
from semisup.embeddings import CheckpointEmbedding
from semisup.methods import Supervised
from semisup.runs.trained_network import load_network
from tests.embeddings.counted import RGB, ROWS, Counted, by_hand, plain

LOAD = partial(load_network, allow=["tests"])


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


def test_rows_of_a_table_do_not_fit_a_run_of_images(table, finished):
    with pytest.raises(SemisupError, match="its network does not fit table"):
        CheckpointEmbedding(run=str(finished), load_network=LOAD)(table, np.arange(3))
