"""The command `semisup` itself: subcommands, their help, and mistakes in either."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from semisup.cli.main import SUBCOMMANDS, main

ROOT = Path(__file__).parents[2]
HEAVY = {
    "torch",
    "lightning",
    "numpy",
    "pydantic",
    "hydra",
    "wandb",
    "sklearn",
    "matplotlib",
    "faiss",
    "PIL",
    "pyarrow",
}


def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_help_lists_every_subcommand_with_one_line(semisup):
    for arguments in ([], ["-h"], ["--help"]):
        status, out, err = semisup(*arguments)
        assert (status, err) == (0, "")
        for name, (_, line) in SUBCOMMANDS.items():
            assert [row.strip() for row in out.splitlines() if row.startswith(f"  {name} ")] == [f"{name:<9} {line}"]


@pytest.mark.parametrize("name", ["", *SUBCOMMANDS])
def test_help_answers_in_less_than_a_second_and_imports_nothing_heavy(name):
    begun = time.process_time()
    shown = start("-X", "importtime", "-m", "semisup", *filter(None, [name]), "--help")
    assert shown.returncode == 0
    assert shown.stdout.count("\n") > 5
    assert f"semisup {name}" in shown.stdout
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in shown.stderr.splitlines()}
    assert not names & HEAVY
    assert time.process_time() - begun < 1


DOORS = {"train": "train.py", **{name: f"scripts/{module}.py" for name, (module, _) in SUBCOMMANDS.items()}}


@pytest.mark.parametrize("name", [name for name in SUBCOMMANDS if name not in ("train", "options")])
def test_a_script_is_the_subcommand(name):
    assert start(DOORS[name], "--help").stdout == start("-m", "semisup", name, "--help").stdout


def test_train_py_is_the_subcommand():
    assert start("train.py", "--help").stdout == start("-m", "semisup", "train", "--help").stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("trian", "there is no command 'trian'; did you mean 'train'?"),
        (
            "xyz",
            "there is no command 'xyz'; valid are auto, cluster, compare, export, import, options, predict, report, "
            "train.",
        ),
        ("method=fixmatch", "there is no command 'method=fixmatch'; write semisup train method=fixmatch."),
        ("train sed=1", "there is no option sed; did you mean 'seed'?"),
        ("train --sed=1", "unrecognized arguments: --sed=1; semisup train takes options as key=value, such as seed=0."),
        ("train --cfg jbo", "argument --cfg/-c: invalid choice: 'jbo'"),
        ("train --config-dir nowhere", "--config-dir nowhere is not a folder."),
        ("cluster labeler.kk=3", "there is no option labeler.kk; did you mean 'k'?"),
        ("predict rn=a", "there is no option rn; did you mean 'run'?"),
        ("export outt=a", "there is no option outt; did you mean 'out'?"),
        ("compare runs basline=x", "there is no option basline; did you mean 'baseline'?"),
        ("report runs umpa=false", "there is no option umpa; did you mean 'umap'?"),
        ("import a b grye=true", "there is no option grye; did you mean 'grey'?"),
        ("options metod=fixmatch", "there is no option metod; did you mean 'method'?"),
        ("options trianer", "there is no choice of trianer to describe; did you mean 'trainer'?"),
    ],
)
def test_a_typing_error_is_one_sentence_with_the_nearest_name(words, sentence, semisup, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    status, out, err = semisup(*words.split())
    assert (status, out, err.count("\n")) == (1, "", 1), err
    assert err.startswith(f"semisup: {sentence}")
    assert not [*tmp_path.iterdir()]


def test_ctrl_c_is_one_sentence_and_status_130(monkeypatch, capsys):
    import semisup.cli.predict

    def interrupted(arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(semisup.cli.predict, "main", interrupted)
    assert main(["predict"]) == 130
    assert capsys.readouterr().err == "semisup: interrupted.\n"


def test_a_reader_that_goes_away_gives_no_traceback():
    command = [sys.executable, "-u", "-m", "semisup", "train", "--help"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as shown:
        shown.stdout.close()
        assert shown.stderr.read() == ""


def test_the_version_is_the_packages(semisup):
    from semisup import __version__

    assert semisup("--version") == (0, f"semisup {__version__}\n", "")
