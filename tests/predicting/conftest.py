"""Images in class folders, and a run that was trained on them for a dozen steps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from PIL import Image
from rich.console import Console

from semisup.cli.arguments import command
from semisup.cli.overrides import CONF, quote_override
from semisup.cli.predict import predict

SIDE = 8
QUICK = (
    "method=supervised",
    "batch.labeled=8",
    "trainer.max_steps=12",
    "data.validation=12",
)


MLP = ("backbone=mlp", "backbone.hidden=[16]")


def trained(*overrides: str) -> Path:
    """The folder of a quick run."""
    from semisup.config.identity import run_folder
    from semisup.config.resolve import complete
    from semisup.runs.run import run

    with initialize_config_dir(str(CONF), version_base="1.3"):
        values: Any = OmegaConf.to_container(
            compose("train", [quote_override(o) for o in (*QUICK, *overrides)]), resolve=True
        )
    run(values, Console(quiet=True))
    return run_folder(complete(values))


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noisy images of 12 x 10 pixels, which are cut to squares of 8: cats are reddish, dogs bluish."""
    root, rng = tmp_path_factory.mktemp("image_folder"), np.random.default_rng(0)
    for part, count in (("labeled", 20), ("test", 6), ("unlabeled", 11)):
        for channel, name in ((0, "cat"), (2, "dog")):
            folder = root / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 170, (10, 12, 3), dtype=np.uint8)
                pixels[..., channel] += 60
                Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return root


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, image_folder: Path) -> Path:
    """The folder of a run on these images."""
    home = tmp_path_factory.mktemp("home")
    places = (f"data_dir={home / 'data'}", f"runs_dir={home / 'runs'}")
    return trained("data=folder", f"data.path={image_folder}", f"data.size={SIDE}", *MLP, *places)


@pytest.fixture
def labels(finished: Path, image_folder: Path) -> Callable[..., str]:
    """Calls predict on the unlabeled images; returns the text of the prediction file."""

    def call(out: Path, **options: Any) -> str:
        predict(
            **{
                "run": str(finished),
                "images": str(image_folder / "unlabeled"),
                "out": str(out),
                "batch_size": 5,
                **options,
            }
        )
        return out.read_text() if out.suffix != ".parquet" else ""

    return call


@pytest.fixture
def sentence(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """The message with which the command line refuses these arguments."""

    def call(*arguments: str) -> str:
        assert command(predict, arguments) == 1
        message = capsys.readouterr().err
        assert message.count("\n") == 1
        return message

    return call
