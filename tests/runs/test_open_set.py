"""Runs on a data set of which some classes are unknown."""

import json

import numpy as np
import pytest
from PIL import Image

from semisup.reports.run_page.page import page
from semisup.runs.console import result as show_result
from semisup.runs.console import terminal
from semisup.runs.trained_run import open_run
from tests.methods.test_contract import trained

OPEN = ("data._target_=tests.toy.toy", "data.padding=1", "+data.classes=4", "data.labels=30", "data.validation=6")


@pytest.fixture
def folder(run, tmp_path):
    """The folder of a run."""

    def call(*more):
        run(*OPEN, *more)
        (found,) = (path for path in (tmp_path / "runs").iterdir() if path.is_dir())
        return found

    return call


@pytest.mark.parametrize(("method", "score"), [("fixmatch", "confidence"), ("iomatch", "detector")])
def test_accuracy_is_of_known_classes_and_auroc_of_all_test_images(folder, method, score):
    """Of 30 test images, classes 0 and 1 have eight, 2 and 3 seven. Class 1 and 3 are unknown."""
    made = folder(f"method={method}", "data.unknown=[class 1,3]", "method.threshold=0")
    result = json.loads((made / "result.json").read_text())
    assert result["data"]["classes"] == ["class 0", "class 2"]
    assert result["split"]["unknown_classes"] == ["class 1", "class 3"]
    test, open_set = result["test"], result["test"]["open_set"]
    assert test["images"] == 15
    saved, scores = np.load(made / "predictions.npz"), np.load(made / "open_set.npz")
    assert (saved["index"] % 2 == 0).all()
    assert (scores["outlier"] == (scores["index"] % 2 == 1)).all()
    outliers, others = scores["unknown"][scores["outlier"]], scores["unknown"][~scores["outlier"]]
    pairs = (outliers[:, None] > others) + 0.5 * (outliers[:, None] == others)
    assert open_set == {"auroc": pytest.approx(pairs.mean(), abs=1e-6), "unknown_images": 15, "score": score}
    if score == "confidence":
        assert np.allclose(others, 1 - saved["probability"].max(1), atol=1e-6)
        assert result["pseudo_labels"]["outlier_coverage"] == 1


def test_the_page_and_the_terminal_say_it(folder, capsys):
    made = folder("method=iomatch", "data.unknown=[class 1]", "method.threshold=0")
    run = open_run(made, allow=["tests"])
    text = page(run, run.open_store())
    assert "AUROC" in text
    assert "class 1" in text
    assert run.open_store().classes == ("class 0", "class 2", "class 3")
    show_result(terminal(), made, run.result)
    assert "test images of unknown classes, by the method" in " ".join(capsys.readouterr().out.split())


def test_a_run_with_unknown_classes_has_another_folder(config):
    from semisup.config.identity import run_folder
    from semisup.config.resolve import complete

    names = {run_folder(complete(config(*OPEN, *more))) for more in ((), ("data.unknown=[1]",), ("data.unknown=[2]",))}
    assert len(names) == 3


def test_a_wrong_class_and_a_wrong_type_are_one_sentence(cli):
    for value, message in (
        ("[class9]", "data.unknown=class9: toy has no such class; did you mean 'class"),
        ("[-1]", "data.unknown=[-1] is not valid: it is"),
    ):
        status, _, error = cli(*OPEN, "method=fixmatch", f"data.unknown={value}")
        assert status == 1
        assert message in " ".join(error.split())
        assert "Traceback" not in error


@pytest.mark.parametrize("method", ["fixmatch", "iomatch"])
def test_which_unlabeled_images_are_of_unknown_classes_changes_no_number_of_the_training(run, method, tmp_path):
    """The classes of all images after the first 40 are scrambled in one run, and other ones are unknown."""
    kept, audits = [], []
    for scrambled in ("false", "true"):
        more = [
            "data.strategy=first_n",
            "data.labels=24",
            f"+data.scrambled={scrambled}",
            f"runs_dir={tmp_path / scrambled}",
        ]
        result = run(*OPEN, f"method={method}", "method.threshold=.4", "data.unknown=[1]", *more)
        kept.append(trained(next((tmp_path / scrambled).glob("toy-*"))))
        audits.append(result["pseudo_labels"])
    assert kept[0] == kept[1]
    assert audits[0] != audits[1]


def test_a_table_that_labels_images_of_unknown_classes_is_refused(cli, tmp_path):
    rng = np.random.default_rng(0)
    for place in ("labeled/cat", "labeled/dog", "labeled/fox", "unlabeled"):
        for number in range(3):
            file = tmp_path / "photos" / place / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(file)
    (tmp_path / "labels.csv").write_text("path,label\n0.png,cat\n1.png,fox\n")
    words = ["data=folder", f"data.path={tmp_path / 'photos'}", "data.size=8", f"data_dir={tmp_path / 'data'}"]
    words += [f"data.labels_file={tmp_path / 'labels.csv'}", "data.unknown=[fox]", "method=fixmatch"]
    status, _, error = cli(*words)
    assert status == 1
    assert "labels.csv, line 3: 'fox' is in data.unknown, whose images have no label" in " ".join(error.split())
