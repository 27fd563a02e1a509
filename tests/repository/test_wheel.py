"""What is installed works without the checkout: the wheel carries its configs, and nothing that is not the package."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from semisup.cli.main import SUBCOMMANDS

ROOT = Path(__file__).parents[2]
START = [sys.executable, "-c", "import sys; from semisup.cli.main import main; sys.exit(main())"]  # as `semisup` does


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built offline and unpacked."""
    pytest.importorskip("hatchling", reason="pip install 'semisup[dev]'")
    pytest.importorskip("pip")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder]
    built = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("semisup-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def started(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run([*START, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


def test_the_wheel_holds_the_package_and_its_configs_and_nothing_else(installed):
    assert {path.name.partition("-")[0] for path in installed.iterdir()} == {"semisup"}
    configs = {str(path.relative_to(ROOT / "conf")): path.read_text() for path in (ROOT / "conf").rglob("*.yaml")}
    conf = installed / "semisup" / "conf"
    assert {str(path.relative_to(conf)): path.read_text() for path in conf.rglob("*.yaml")} == configs
    modules = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src").rglob("*.py")}
    assert {str(path.relative_to(installed)) for path in installed.rglob("*.py")} == modules
    (entry,) = installed.glob("*.dist-info/entry_points.txt")
    assert "semisup = semisup.cli.main:main" in entry.read_text()
    assert [*installed.glob("*.dist-info/licenses/LICENSE")]


def test_what_was_installed_shows_its_help(installed, tmp_path):
    for subcommand in ((), *((name,) for name in SUBCOMMANDS)):
        shown = started(installed, tmp_path, *subcommand, "--help")
        assert (shown.returncode, shown.stderr) == (0, ""), subcommand
    assert "\nmethod: " in started(installed, tmp_path, "train", "--help").stdout
    assert "data.path" in started(installed, tmp_path, "options", "data=folder").stdout
    assert [*tmp_path.iterdir()] == []


def test_what_was_installed_trains(installed, tmp_path):
    small = ("data.labels=60", "backbone=mlp", "backbone.hidden=[32]", "trainer.max_steps=4", "batch.labeled=8")
    trained = started(installed, tmp_path, "train", *small)
    assert trained.returncode == 0, trained.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"data", "runs"}
    (folder,) = (tmp_path / "runs").iterdir()
    assert json.loads((folder / "result.json").read_text())["steps"] == 4
    assert (folder / "report.html").exists(), "its templates are in the wheel"
    compared = started(installed, tmp_path, "compare", "runs", "allow", "html=page.html")
    assert compared.returncode == 0, compared.stderr
    reported = started(installed, tmp_path, "report", str(folder), "umap=false")
    assert (reported.returncode, reported.stdout) == (0, f"{folder / 'report.html'}\n")
