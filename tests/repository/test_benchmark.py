"""The benchmark's arithmetic, and that one command measures all sections. No test checks a speed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semisup.data import SSLDataModule
from semisup.methods import FixMatch
from semisup.models.backbones import Linear

SCRIPTS = Path(__file__).parents[2] / "scripts"
PARTS = (
    *("gather", "transfer", "plain views", "weak views", "medium views", "strong views"),
    *("forward", "backward", "optimizer", "average", "framework"),
)


@pytest.fixture
def sections(monkeypatch):
    """The sections' modules, as the script imports them."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from benchmarks import clustering, embedding, loop, views

    return clustering, embedding, loop, views


@pytest.fixture(scope="module")
def found(data_dir, tmp_path_factory) -> dict[str, Any]:
    """The command's results for FixMatch on digits: 8 labeled images a step, 16 unlabeled ones in two views."""
    out = tmp_path_factory.mktemp("benchmark") / "figures.json"
    case = ["--data", "digits", "--networks", "mlp", "--methods", "fixmatch", "--batch", "8", "--ratio", "2"]
    length = ["--steps", "2", "--rounds", "1", "--points", "1200", "--device", "cpu"]
    ended = subprocess.run(
        [sys.executable, str(SCRIPTS / "benchmark.py"), *case, *length, "--out", str(out)],
        env={**os.environ, "SEMISUP_DATA": str(data_dir)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Warning" not in ended.stderr
    return json.loads(out.read_text())


def test_features_are_views_of_a_file(sections):
    """A fixmatch step takes a weak and a strong view of each unlabeled image from it."""
    from benchmarks.setting import features

    store = features(images=60)
    data = SSLDataModule(store, labels=20, batch_size=4, ratio=2)
    batch = data.streams(FixMatch(Linear((1280,), 10)))["unlabeled"].batch(0)
    assert {view: tuple(rows.shape) for view, rows in batch["inputs"].items()} == dict.fromkeys(
        ("weak", "strong"), (8, 1280)
    )
    views = data.on_after_batch_transfer({"labeled": batch, "unlabeled": batch}, 0)["unlabeled"]
    number = batch["aug_params"]["strong"]["number"]
    expected = store.images[batch["index"].numpy(), number].astype(np.float32)
    assert np.array_equal(views.strong.numpy(), expected)


def test_figures_of_a_loop_by_hand(sections):
    """12 images a step. Real steps of .3, .2, .4 s: median .3, 40 images/s. Over the limit, .2 s: 1.5, 1, 2. Over the
    bare step, .1, .1, .4 s: 3, 2, 1. Parts leave .3 - .2, .2 - .15, .4 - .2 s: median .1 s.
    """
    *_, loop, _ = sections
    seconds = {"real": [0.3, 0.2, 0.4], "limit": [0.2, 0.2, 0.2], "bare": [0.1, 0.1, 0.4]}
    figures = loop.figures(12, seconds, {"forward": [0.1, 0.1, 0.1], "backward": [0.1, 0.05, 0.1]})
    assert figures["images_per_second"] == pytest.approx({"real": 40, "limit": 60, "bare": 120})
    assert figures["real_over_limit"] == pytest.approx({"median": 1.5, "low": 1, "high": 2})
    assert figures["real_over_bare"] == pytest.approx({"median": 2, "low": 1, "high": 3})
    assert figures["parts"] == pytest.approx({"forward": 0.1, "backward": 0.1, "framework": 0.1})


def test_figures_of_views_by_hand(sections):
    """448 images in .02, .01 s and in .2, .3 s: 10 and 30 times torchvision's speed."""
    *_, views = sections
    figures = views.figures(448, [0.02, 0.01], [0.2, 0.3])
    assert figures["images_per_second"] == pytest.approx({"ours": 448 / 0.015, "torchvision": 448 / 0.25})
    assert figures["times_torchvision"] == pytest.approx({"median": 20, "low": 10, "high": 30})


def test_figures_of_a_clustering_by_hand(sections):
    """Ours takes .1, .2, .4 s and scikit-learn .2, .2, .2 s: 2, 1 and .5 times its speed. 101 is 1 % above 100."""
    clustering, *_ = sections
    seconds = {"ours": [0.1, 0.2, 0.4], "sklearn": [0.2, 0.2, 0.2]}
    figures = clustering.figures(seconds, {"ours": 101.0, "sklearn": 100.0})
    assert figures["seconds"] == pytest.approx({"ours": 0.2, "sklearn": 0.2})
    assert figures["times_sklearn"] == pytest.approx({"median": 1, "low": 0.5, "high": 2})
    assert figures["objective_differs_by"] == pytest.approx(0.01)


def test_figures_of_an_embedding_by_hand(sections):
    """100 images in .2, .1, .4 s: median .2 s, 500 images/s. The bare forward pass takes .1 s: 2, 1 and 4 times."""
    _, embedding, *_ = sections
    figures = embedding.figures(100, {"real": [0.2, 0.1, 0.4], "bare": [0.1, 0.1, 0.1]})
    assert figures["images_per_second"] == pytest.approx({"real": 500, "bare": 1000})
    assert figures["real_over_bare"] == pytest.approx({"median": 2, "low": 1, "high": 4})


def test_both_clusterings_end_with_the_same_objective(found):
    """From the same points, first centroids and iterations."""
    sizes = [(row["dimensions"], row["clusters"]) for row in found["clustering"]]
    assert sizes == [(33, 10), (33, 1000), (1280, 10), (1280, 1000)]
    assert all(abs(row["objective_differs_by"]) < 1e-3 for row in found["clustering"])


def test_one_command_measures_every_section_and_names_commit_and_hardware(found):
    assert set(found) == {
        *("commit", "hardware", "versions", "options"),
        *("start", "memory", "views", "embedding", "clustering", "loop"),
    }
    assert found["options"]["batch"] == 8


def test_a_step_counts_each_view_once_and_has_all_its_parts(found):
    (row,) = found["loop"]
    assert row["images"] == 8 + 16 + 16
    assert row["steps_per_turn"] == 2
    for name, seconds in row["seconds"].items():
        assert row["images_per_second"][name] == pytest.approx(row["images"] / seconds)
    assert tuple(row["parts"]) == PARTS
    assert all(seconds > 0 for part, seconds in row["parts"].items() if part != "framework")


def test_both_views_are_compared_on_the_same_number_of_images(found):
    assert [row["view"] for row in found["views"]] == ["weak", "strong"]
    for row in found["views"]:
        for name, seconds in row["seconds"].items():
            assert row["images_per_second"][name] == pytest.approx(row["images"] / seconds)


def test_start_and_memory_are_there(found):
    start, (memory,) = found["start"], found["memory"]
    assert 0 < start["help"] < start["first_step"]
    assert len(start["all_first_steps"]) == len(start["all_helps"]) == 1
    assert 0 < memory["host_before"] <= memory["host"]
    assert memory["device"] is None
