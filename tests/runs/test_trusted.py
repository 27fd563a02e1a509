"""A run's folder from elsewhere calls nothing but this package, and packages that the user allows."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from rich.console import Console

from semisup.cli.overrides import compose
from semisup.core.errors import SemisupError
from semisup.runs.run import run as train
from semisup.runs.trained_run import open_run
from semisup.runs.trusted import check_source, check_targets, named_packages
from tests.conftest import SMALL

PLACES = ("method", "optimizer", "trainer", "backbone", "logger", "data", "teacher", "labeler", "embedding")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, data_dir) -> Path:
    runs = tmp_path_factory.mktemp("runs")
    words = [f"data_dir={data_dir}", f"runs_dir={runs}", *SMALL, "method=supervised", "data.validation=0"]
    train(compose(words), Console(quiet=True))
    (folder,) = runs.iterdir()
    return folder


@pytest.fixture
def trap(tmp_path, monkeypatch) -> Path:
    """A file that exists as soon as the module `trap_package.trap` is imported."""
    (tmp_path / "trap_package").mkdir()
    touched = tmp_path / "touched"
    code = f"open({str(touched)!r}, 'w').close()\nfrom semisup.models.backbones import MLP\n"
    code += f"def data(data_dir): open({str(touched)!r}, 'w').close()\n"
    (tmp_path / "trap_package" / "trap.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield touched
    for name in [name for name in sys.modules if name.startswith("trap_package")]:
        del sys.modules[name]


def hostile(finished: Path, tmp_path: Path, **nodes: Any) -> Path:
    """A copy of the run whose config has other nodes, and whose data set is not there."""
    folder = Path(shutil.copytree(finished, tmp_path / "runs" / finished.name))
    config = yaml.safe_load((folder / "config.yaml").read_text())
    changed = {**config, **nodes, "data_dir": str(tmp_path / "nowhere")}
    (folder / "config.yaml").write_text(yaml.safe_dump(changed))
    return folder


def commands(run: Path, tmp_path: Path) -> list[list[str]]:
    image = tmp_path / "a.png"
    own = [f"runs_dir={tmp_path / 'own'}", f"data_dir={tmp_path}", "method=cluster_label", "rounds.students=0"]
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(image)
    return [
        ["predict", f"run={run}", f"images={image}", f"out={tmp_path / 'labels.csv'}", "device=cpu"],
        ["export", f"run={run}", f"out={tmp_path / 'network.pt2'}"],
        ["report", str(run)],
        ["compare", str(run)],
        ["train", *SMALL, *own, "embedding=checkpoint", f"embedding.run={run}"],
    ]


@pytest.mark.parametrize("place", PLACES)
def test_no_command_imports_a_module_that_a_folder_names(place, finished, tmp_path, trap, semisup):
    """Each node of the config may name a class; reading the folder imports none of another package."""
    node = {"_target_": "trap_package.trap.data"}
    folder = hostile(finished, tmp_path, **{place: node})
    for words in commands(folder, tmp_path):
        status, _, error = semisup(*words)
        assert not trap.exists(), words
        if words[0] != "compare":  # which reads numbers alone, and calls nothing
            assert f"config.yaml names {place}._target_=trap_package" in error, (words, error)
            assert "write allow=trap_package" in error
            assert status == 1, words


@pytest.mark.parametrize("nested", ["rounds", "embedding"])
def test_names_inside_a_node_are_checked_too(nested, finished, tmp_path, trap):
    value = {"rounds": {"backbones": [{"_target_": "trap_package.trap.MLP"}]}}
    value |= {"embedding": {"_target_": "semisup.embeddings.PretrainedEmbedding", "network": value["rounds"]}}
    with pytest.raises(SemisupError, match=rf"names {nested}.*backbones\[0\]._target_=trap_package"):
        _ = open_run(hostile(finished, tmp_path, **{nested: value[nested]})).classifier
    assert not trap.exists()


def test_a_package_that_the_user_allows_is_imported(finished, tmp_path, trap):
    node = {"_target_": "trap_package.trap.MLP", "hidden": [32]}
    folder = hostile(finished, tmp_path, backbone=node)
    assert open_run(folder, allow=["trap_package"]).classifier is not None
    assert trap.exists()


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("semisup.core.atomic_files.atomic_write_text", {"file": "written", "text": "owned"}),
        ("semisup.runs.run.init_run_dir", {}),
        ("semisup.data.sources.folder.Path", {}),
    ],
)
def test_a_function_of_this_package_that_is_no_data_set_is_not_called_as_one(target, options, finished, tmp_path):
    folder = hostile(finished, tmp_path, data={"_target_": target, **options})
    result = json.loads((folder / "result.json").read_text())
    result["data"]["store"] = None  # so that the data set is imported again
    (folder / "result.json").write_text(json.dumps(result))
    with pytest.raises(SemisupError, match="which is not a data set"):
        open_run(folder).open_store()


def test_an_allowed_package_does_not_open_what_it_imports(tmp_path, trap):
    """`from shutil import rmtree` in a package of the user's is not a data set of that package."""
    (tmp_path / "trap_package" / "plain.py").write_text("from shutil import rmtree\n\ndef rings(data_dir): ...\n")
    for name, is_fine in (("rings", True), ("rmtree", False)):
        config = {"data": {"_target_": f"trap_package.plain.{name}"}}
        check_targets(config, Path("config.yaml"), ["trap_package"])
        if is_fine:
            check_source(config, Path("config.yaml"))
        else:
            with pytest.raises(SemisupError, match="rmtree, which is not a data set"):
                check_source(config, Path("config.yaml"))


@pytest.mark.parametrize("target", ["pathlib.Path", "semisup.data.Store", "semisup.core.errors.exit_code"])
def test_what_is_no_network_is_not_called_as_one(target, finished, tmp_path):
    folder = hostile(finished, tmp_path, backbone={"_target_": target})
    with pytest.raises(SemisupError, match=r"is no Backbone|which is not part of semisup"):
        _ = open_run(folder, allow=["pathlib"]).classifier


def test_a_user_trusts_the_packages_of_the_own_config():
    config = {"method": {"_target_": "mine.Method"}, "data": {"_target_": "semisup.data.sources.digits"}}
    assert named_packages({**config, "allow": ["theirs"]}) == ["mine", "semisup", "theirs"]
    assert named_packages({**config, "allow": "theirs"}) == ["mine", "semisup", "theirs"]
