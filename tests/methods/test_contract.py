"""What every method in conf/method must do: a new one is tested by being there."""

import copy
import json
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from pyarrow import parquet
from rich.console import Console

from semisup.cli.overrides import CONF
from semisup.config.nodes import load_data, load_source
from semisup.config.resolve import complete
from semisup.data import Batch
from semisup.training.fit import make_method

METHODS = sorted(file.stem for file in (CONF / "method").glob("*.yaml"))
TOY = ("data._target_=tests.toy.toy", "data.padding=1", "data.labels=30", "data.validation=6")


@pytest.fixture(params=METHODS)
def name(request):
    return request.param


@pytest.fixture
def built(config, name):
    """The method, its data module and one step's batch, on toy images of two classes."""
    full = complete(config(f"method={name}", *TOY, "+data.classes=2"))
    store = load_source(full)
    data, method = load_data(full, store), make_method(full, store)
    if method.parts:
        pytest.skip("its loss takes steps of its optimizers, which a trainer has: the runs below test it")
    if method.uses_pseudo_label_targets:  # of classes and weights that do not come from the truth
        count = len(store.images)
        data = data.with_targets(np.arange(count) % 2, np.linspace(0.1, 1, count, dtype=np.float32))
    method.progress = 0.9  # when every term of a loss counts
    batch = data.on_after_batch_transfer({k: s.batch(0) for k, s in data.streams(method).items()}, 0)
    return method, batch


def test_the_loss_is_finite_and_its_gradient_reaches_the_whole_network(built):
    method, batch = built
    output = method.loss(batch["labeled"], batch.get("unlabeled", Batch()))
    loss, terms = output.loss, output.terms
    loss.backward()
    assert loss.shape == ()
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)
    assert all(torch.isfinite(torch.as_tensor(term)) for term in terms.values())
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in method.network.parameters())


def test_the_views_declared_are_the_views_read(built):
    method, batch = built

    class Watched(Batch):
        read: ClassVar[set[str]] = set()

        def __getitem__(self, key):
            self.read.add(key)
            return super().__getitem__(key)

    method.loss(batch["labeled"], Watched(batch.get("unlabeled", Batch())))
    assert Watched.read & set(batch.get("unlabeled", Batch())) - {"target", "weight", "index"} == set(method.views)
    Watched.read.clear()


def test_pseudo_labels_are_reported_as_they_are_used(built):
    method, batch = built
    output = method.loss(batch["labeled"], batch.get("unlabeled", Batch()))
    if output.pseudo_labels is None:
        return
    target, weight, confidence = output.pseudo_labels
    assert len(target) == len(weight) == len(confidence) == len(batch["unlabeled"].index)
    assert weight.dtype == confidence.dtype == torch.float32
    assert ((confidence >= 0) & (confidence <= 1)).all()
    assert not any(t.requires_grad for t in output.pseudo_labels)


def test_label_smoothing_changes_the_loss_of_the_labeled_images(built):
    """A method takes it from `self.supervised_loss`, and not from functional.cross_entropy."""
    method, batch = built
    losses = []
    for method.label_smoothing in (0.0, 0.5):
        torch.manual_seed(0)
        state = copy.deepcopy(method.state_dict())
        losses.append(method.loss(batch["labeled"], batch.get("unlabeled", Batch())).loss)
        method.load_state_dict(state)
    assert losses[0] != losses[1]


def test_under_mixed_precision_losses_and_confidences_are_float32(built):
    method, batch = built
    with torch.autocast("cpu", torch.bfloat16):
        output = method.loss(batch["labeled"], batch.get("unlabeled", Batch()))
        loss = output.loss
    assert loss.dtype == torch.float32
    if output.pseudo_labels is not None:
        assert output.pseudo_labels.confidence.dtype == torch.float32
        assert output.pseudo_labels.weight.dtype == torch.float32


def test_scrambled_hidden_labels_change_no_number_of_the_training(run, name, tmp_path):
    """With the first 36 images labeled, the classes of the others are scrambled in one run and true in the other.

    Only what the audit says differs.
    """
    folders = []
    for scrambled in ("false", "true"):
        runs = tmp_path / scrambled
        more = [*TOY, "data.strategy=first_n", f"+data.scrambled={scrambled}", f"method={name}", f"runs_dir={runs}"]
        run(*more)
        folders += runs.iterdir()
    kept = [trained(folder) for folder in folders]
    assert kept[0] == kept[1]
    audits = [audited(folder) for folder in folders]
    assert (audits[0] is None and audits[1] is None) or audits[0] != audits[1]


def trained(folder: Path) -> dict:
    """Weights, optimizer state, test probabilities and curves of a run, without the audit's."""
    from tests.conftest import flat

    kept: dict = {"test": json.loads((folder / "result.json").read_text())["test"]}
    for place in sorted(file.parent for file in folder.glob("round*/last.ckpt")):
        checkpoint = torch.load(place / "last.ckpt", weights_only=True)
        header, *rows = [line.split(",") for line in (place / "metrics.csv").read_text().splitlines()]
        keep = [i for i, column in enumerate(header) if not column.startswith("pseudo_labels/")]
        kept[place.name] = {
            "weights": flat(checkpoint["state_dict"]),
            "optimizer": flat(checkpoint["optimizer_states"]),
            "curves": [[row[i] for i in keep] for row in rows],
        }
        if (place / "pseudo_labels.parquet").exists():
            kept[place.name]["labels"] = parquet.read_table(place / "pseudo_labels.parquet").to_pydict()
    return kept


def audited(folder: Path) -> list | None:
    """What the audit says of a run's pseudo-labels, in its steps or after its rounds."""
    result = json.loads((folder / "result.json").read_text())
    found = [record["labels"] for record in result["rounds"]] + [result["pseudo_labels"]]
    return found if any(found) else None


def test_two_steps_of_each_precision_end(run, name):
    for precision in ("32-true", "bf16-mixed"):
        result = run(*TOY, f"method={name}", "trainer.max_steps=2", f"trainer.precision={precision}")
        assert 0 <= result["test"]["accuracy"] <= 1


def test_resumes_exactly(config, run, name, outcome, tmp_path):
    """The console of the test stops the run after step 8; then the same command runs again."""
    from semisup.runs.run import run as start

    class Enough(Exception):
        pass

    class Stop(Console):
        def print(self, *objects, **options):
            if objects and str(objects[0]).startswith("step 8 "):
                raise Enough("8 steps")

    more = [*TOY, f"method={name}"]
    with pytest.raises(Enough, match="8 steps"):
        start(config(*more), Stop())
    assert not list((tmp_path / "runs").glob("*/result.json"))
    run(*more)
    resumed = outcome()
    run(*more, f"runs_dir={tmp_path / 'uninterrupted'}")
    assert resumed == outcome(tmp_path / "uninterrupted")
