"""`semisup export`: a run's network for other programs."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from semisup.cli.arguments import command
from semisup.core.errors import SemisupError
from semisup.core.ranges import UserPath


def main(arguments: Sequence[str] | None = None) -> int:
    """Exports what the command line asks for.

    Args:
        arguments: The words after the command's name; None = those after the program's.

    Returns:
        The exit status.
    """
    return command(export, arguments)


def export(
    run: UserPath,
    out: UserPath,
    format: Literal["onnx", "torch", "safetensors"] | None = None,
    images: UserPath | None = None,
    data_dir: UserPath | None = None,
    allow: Sequence[str] = (),
    overwrite: bool = False,
) -> None:
    """Write the network of a finished run for other programs, and compare the two on real images.

      semisup export run=runs/cifar10-... out=model.onnx

    ONNX and torch.export take images (N, H, W, C) uint8 of the run's size, any number at a time, and return calibrated
    probabilities (N, K). The names of the classes are in the metadata.

    Args:
        run: The folder of a finished run.
        out: A .onnx, .pt2 (torch.export) or .safetensors file.
        format: What is written, if the suffix of `out` does not tell.
        images: Images to compare on, as for semisup predict; the run's data set if not given.
        data_dir: Where that data set is; where the run had it if not given.
        allow: A package of your own whose classes the run names; a folder from elsewhere may call nothing else.
        overwrite: Whether `out` is replaced.

    Raises:
        SemisupError: If `out` exists, or the network cannot be written or compared.
    """
    file = Path(out)
    if file.exists() and not overwrite:
        raise SemisupError(f"{out} is already there: choose another out, or replace it with overwrite=true.")

    from semisup.predicting.export import chosen_format, export_run, real_inputs
    from semisup.runs.trained_run import open_run

    kind = chosen_format(file, format)
    trained = open_run(run, data_dir, allow)
    inputs = real_inputs(trained, images)
    difference = export_run(trained, file, kind, inputs)
    size, checked = f"{file.stat().st_size:,} bytes", f"{len(inputs)} real inputs"
    print(f"{out}: {kind}, {size}; largest difference of a probability on {checked}: {difference:.1e}")


if __name__ == "__main__":
    sys.exit(main())
