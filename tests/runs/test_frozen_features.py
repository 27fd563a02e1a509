"""Training on the features of a frozen network: every method, labelers, resuming, and the network that predicts."""

import json
import os
import shutil
import signal
from typing import ClassVar

import numpy as np
import pytest
import torch
import yaml

from semisup.cli.overrides import CONF
from semisup.core.errors import SemisupError
from semisup.data import Batch
from semisup.methods import FixMatch, StepOutput
from semisup.models.classifier import OpenSetClassifier
from semisup.runs.run_data import enlarged
from semisup.runs.trained_run import open_run
from tests.runs.test_rounds import only
from tests.toy import toy


class Stopped(FixMatch):
    """A method from outside the package, which is asked to stop at step 5, once."""

    asked: ClassVar[bool] = False

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        if self.trainer.global_step == 5 and not Stopped.asked:
            Stopped.asked = True
            os.kill(os.getpid(), signal.SIGTERM)
        return super().loss(labeled, unlabeled)


METHODS = sorted(file.stem for file in (CONF / "method").glob("*.yaml"))
TOY = ("data._target_=tests.toy.toy", "data.padding=1", "data.labels=30", "data.validation=6")


@pytest.fixture(scope="module")
def extractor(tmp_path_factory, data_dir):
    """A finished run of a small network, whose features are taken."""
    from rich.console import Console

    from semisup.cli.overrides import compose
    from semisup.runs.run import run

    runs = tmp_path_factory.mktemp("extractor")
    small = ("backbone=small_cnn", "method=supervised", "trainer.max_steps=20", "batch.labeled=8")
    words = [*TOY, *small, f"data_dir={data_dir}", f"runs_dir={runs}"]
    run(compose(words), Console(quiet=True))
    return only(runs)


@pytest.fixture
def frozen(extractor):
    """The options of a run on the features of that network."""
    return (*TOY, "~backbone.hidden", "backbone=linear", "embedding=checkpoint", f"embedding.run={extractor}")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_on_features(method, run, frozen, tmp_path):
    """The toy's classes differ in brightness, which features show: more than chance, 1/3, by far."""
    more = ["optimizer.lr=.01", "trainer.max_steps=40"]
    if method == "cluster_label":
        more += ["labeler=clusters", "labeler.k=6"]
    result = run(f"method={method}", *frozen, *more)
    assert result["test"]["accuracy"] > 0.5


def test_the_joined_network_predicts_from_images_what_the_head_predicts_from_features(run, frozen, tmp_path):
    """But for the rounding of features to float16."""
    run("method=supervised", *frozen, "optimizer.lr=.01")
    trained = open_run(only(tmp_path / "runs"), allow=["tests"])
    assert trained.shape == (3, 16, 16)
    images = torch.from_numpy(np.array(trained.open_store().test_images))
    saved = np.load(trained.folder / "predictions.npz")
    with torch.no_grad():
        logits = trained.classifier.logits(images).softmax(-1)
    np.testing.assert_allclose(logits.numpy(), saved["probability"][np.argsort(saved["index"])], atol=5e-3)


@pytest.mark.parametrize("method", ["ssb", "iomatch"])
def test_the_detector_says_of_images_what_it_says_of_features(method, run, frozen, tmp_path):
    """One class of three is unknown: its ten test images are scored too. But for the rounding to float16."""
    result = run(f"method={method}", *frozen, "optimizer.lr=.01", "data.labels=24", "data.unknown=[1]")
    assert result["test"]["open_set"]["unknown_images"] == 10
    trained = open_run(only(tmp_path / "runs"), allow=["tests"])
    images = torch.from_numpy(np.array(trained.open_store().test_images))
    saved = np.load(trained.folder / "open_set.npz")
    with torch.no_grad():
        outputs = OpenSetClassifier(trained.classifier, trained.detector)(images)
    np.testing.assert_allclose(outputs[:, -1].numpy(), saved["unknown"][np.argsort(saved["index"])], atol=5e-3)


def test_normalized_features_are_normalized_in_the_joined_network_too(run, frozen, tmp_path):
    run("method=supervised", *frozen, "embedding.normalize=true", "optimizer.lr=.1")
    trained = open_run(only(tmp_path / "runs"), allow=["tests"])
    images = torch.from_numpy(np.array(trained.open_store().test_images))
    saved = np.load(trained.folder / "predictions.npz")
    with torch.no_grad():
        probability = trained.classifier.logits(images).softmax(-1).numpy()
    np.testing.assert_allclose(probability, saved["probability"][np.argsort(saved["index"])], atol=5e-3)


def test_a_frozen_network_that_was_replaced_is_refused(run, frozen, extractor, tmp_path):
    """The run that is embedded by is trained again, to other weights: the head does not fit them."""
    moved = tmp_path / "extractor"
    shutil.copytree(extractor, moved)
    options = (*frozen[:-1], f"embedding.run={moved}")
    run("method=supervised", *options)
    file = moved / "round0" / "best.ckpt"
    checkpoint = torch.load(file, weights_only=True)
    for values in checkpoint["state_dict"].values():
        values.add_(1)
    torch.save(checkpoint, file)
    with pytest.raises(SemisupError, match=r"of another frozen network than the one that embedding\.run=.* holds now"):
        _ = open_run(only(tmp_path / "runs"), allow=["tests"]).classifier


def test_a_run_from_elsewhere_calls_no_embedding_of_another_kind(run, frozen, tmp_path):
    run("method=supervised", *frozen)
    folder, trace = only(tmp_path / "runs"), tmp_path / "executed"
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["embedding"] = {"_target_": "os.mkdir", "path": str(trace)}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(SemisupError, match=r"embedding\._target_=os\.mkdir is no network's"):
        _ = open_run(folder, allow=["tests", "os"]).classifier
    network = {"_target_": "os.mkdir", "path": str(trace)}
    config["embedding"] = {"_target_": "semisup.embeddings.PretrainedEmbedding", "network": network}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(SemisupError, match=r"embedding\.network\._target_=os\.mkdir is no Backbone"):
        _ = open_run(folder, allow=["tests", "os"]).classifier
    assert not trace.exists()


def test_a_stopped_run_continues_bit_for_bit(run, frozen, tmp_path):
    run("method=fixmatch", *frozen, f"runs_dir={tmp_path / 'complete'}")
    with pytest.raises(SemisupError, match="stopped"):
        run("method=fixmatch", "method._target_=tests.runs.test_frozen_features.Stopped", *frozen)
    stopped = only(tmp_path / "runs")
    run("method=fixmatch", "method._target_=tests.runs.test_frozen_features.Stopped", *frozen)
    one, other = (
        torch.load(folder / "round0" / "last.ckpt", weights_only=True)["state_dict"]
        for folder in (only(tmp_path / "complete"), stopped)
    )
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_labeler_reads_the_cached_features(run, frozen, tmp_path):
    result = run("method=self_training", "labeler=propagation", "labeler.neighbors=5", *frozen)
    assert result["rounds"][0]["steps"] == 0
    assert result["rounds"][0]["labels"]["accuracy_of_all"] > 0.5


def test_hidden_labels_change_no_weight(run, frozen, tmp_path):
    """The toy's classes after the first 40 are wrong in one run: its features and its head are the same."""
    states = []
    for scrambled in ("false", "true"):
        runs = tmp_path / scrambled
        more = ["data.strategy=first_n", f"+data.scrambled={scrambled}", "method=pseudo_label", f"runs_dir={runs}"]
        run(*frozen, *more, "method.alignment=uniform", "method.threshold=.4")
        states.append(torch.load(only(runs) / "round0" / "last.ckpt", weights_only=True)["state_dict"])
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["backbone=linear"], r"backbone=linear takes the features of a frozen network: write embedding=pretrained"),
        (
            ["backbone=linear", "embedding=pca"],
            r"takes features of a network: write embedding=pretrained",
        ),
        (["backbone=small_cnn", "embedding=pretrained"], r"an embedding is for a labeler that reads features"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(options, message, run):
    with pytest.raises(SemisupError, match=message):
        run("method=supervised", *TOY, "~backbone.hidden", *options)


def test_a_table_has_no_features_to_take(run, extractor):
    table = ("data=iris", "data.labels=30", "data.validation=6", "~backbone.hidden")
    with pytest.raises(SemisupError, match=r"iris has rows of numbers, and an embedding is of images"):
        run("method=supervised", *table, "backbone=linear", "embedding=checkpoint", f"embedding.run={extractor}")


def test_the_record_names_the_images_and_the_head(run, frozen, tmp_path):
    result = run("method=supervised", *frozen)
    assert result["data"]["shape"] == [3, 16, 16]
    assert result["rounds"][0]["network"] == "Linear"
    assert json.loads((only(tmp_path / "runs") / "result.json").read_text())["data"]["name"] == "toy"


@pytest.mark.parametrize(("size", "is_enlarged"), [(32, True), (16, False), (8, False), (None, False)])
def test_images_are_never_enlarged_without_a_word(size, is_enlarged, data_dir):
    """The toy's have 16 pixels."""
    warning = enlarged(toy(data_dir), size)
    assert (warning is not None) == is_enlarged
    if warning:
        assert "images of 16 pixels are enlarged to embedding.size=32" in warning
