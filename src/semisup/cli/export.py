"""The command: `python scripts/export.py run=... out=model.onnx`. Nothing heavy is imported for its help."""

from pathlib import Path
from typing import Literal

from semisup.cli.options import command
from semisup.core.errors import SemisupError


def main() -> int:
    """What scripts/export.py and semisup-export run; returns the exit status."""
    return command(export)


def export(
    run: str,
    out: str,
    format: Literal["onnx", "torch", "safetensors"] | None = None,
    images: str | None = None,
    data_dir: str | None = None,
    overwrite: bool = False,
) -> None:
    """Writes the network of a finished run for other programs, and checks it on real images against the run's.

        python scripts/export.py run=runs/cifar10-... out=model.onnx

    run=FOLDER       of a finished run
    out=FILE         .onnx, .pt2 (torch.export) or .safetensors
    format=NAME      onnx, torch or safetensors, if the end of FILE does not say it
    images=PATH      to check with, as for scripts/predict.py; or else the run's own data set
    data_dir=DIR     where that data set lies, if not where the run had it
    overwrite=true   replace FILE

    ONNX and torch.export take images (N, H, W, C) uint8 of the run's size, any number at a time, and give calibrated
    probabilities (N, K). The names of the classes are in the metadata.
    """
    file = Path(out).expanduser()
    if file.exists() and not overwrite:
        raise SemisupError(f"{out} is already there: choose another out, or replace it with overwrite=true.")

    from semisup.predicting.export import chosen_format, export_run, real_inputs
    from semisup.runs.trained_run import open_run

    kind = chosen_format(file, format)
    finished = open_run(run, data_dir)
    inputs = real_inputs(finished, images, data_dir)
    difference = export_run(finished, file, kind, inputs)
    size, checked = f"{file.stat().st_size:,} bytes", f"{len(inputs)} real inputs"
    print(f"{out}: {kind}, {size}; largest difference of a probability on {checked}: {difference:.1e}")
