"""This repository's own docs/reproductions.md: written from its runs, with commands that are valid."""

import re
import shlex
from itertools import product
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from reproducing.experiments import read

from scripts.reproductions import DOCS, main
from semisup.cli.overrides import CONF, quote_override
from semisup.config.resolve import complete

ABSOLUTE = re.compile(r"""(^|[\s"':=`])[~/]\w+/""", re.MULTILINE)  # the folder of some machine


def commands() -> list[str]:
    """Those of trainings and clusterings, once each."""
    given = []
    for experiment in read(DOCS).experiments:
        given += [*experiment.commands, *(row.command for row in experiment.rows)]
    return [text for text in dict.fromkeys(given) if text.startswith("python ")]


def test_the_document_is_what_its_runs_say():
    """Numbers typed into the document, and runs collected and not rendered, fail here."""
    assert main(["render", "--check"]) == 0


@pytest.mark.parametrize("command", commands())
def test_a_command_is_a_valid_config(command):
    """Of a sweep, each of its jobs on the first seed."""
    _, script, *words = shlex.split(command.replace("\\\n", " "))
    implied = ["method=cluster_label", "rounds.students=0"] if script == "scripts/cluster.py" else []
    words = [word for word in words if word != "-m"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for job in product(*map(several, words)):
            complete(
                OmegaConf.to_container(
                    compose("train", [quote_override(word) for word in (*implied, *job)]), resolve=True
                )
            )


def several(word: str) -> list[str]:
    """What a sweep makes of a word; of seeds, the first."""
    key, value = word.split("=", 1)
    values = [value] if "[" in value else value.split(",")
    return [f"{key}={one}" for one in (values[:1] if key == "seed" else values)]


def test_no_folder_of_a_machine_is_named():
    files = [DOCS / "reproductions.md", DOCS / "reproductions.yaml", *sorted(Path(DOCS / "results").glob("*.json"))]
    assert len(files) > 2
    assert [file.name for file in files if ABSOLUTE.search(file.read_text())] == []
