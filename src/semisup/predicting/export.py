"""A trained network as a file for other programs: ONNX, torch.export or safetensors.

ONNX and torch.export hold all steps from raw inputs to calibrated probabilities (see Classifier), for any number of
inputs at a time. safetensors holds the network's weights; its metadata hold the rest. Each file is checked on real
inputs before it takes its name.
"""

import json
import logging
import warnings
from collections.abc import Callable
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from semisup import __version__
from semisup.config.nodes import build
from semisup.core.atomic_files import atomic_write
from semisup.core.errors import SemisupError, did_you_mean
from semisup.models.classifier import Classifier
from semisup.predicting.loading import try_load
from semisup.predicting.samples import open_samples
from semisup.runs.checkpoint_config import backbone_node
from semisup.runs.trained_run import TrainedRun

Format = Literal["onnx", "torch", "safetensors"]
SUFFIXES = {".onnx": "onnx", ".pt2": "torch", ".safetensors": "safetensors"}
TOLERANCE = 1e-4  # of a probability
CHECKED = 64  # inputs
PACKAGES = {"onnx": ("onnx", "onnxscript", "onnxruntime"), "torch": (), "safetensors": ("safetensors",)}

Predictor = Callable[[Tensor], Tensor]  # raw inputs -> probabilities (N, K)


def export_run(run: TrainedRun, file: Path, kind: Format, inputs: Tensor) -> float:
    """Exports the network of a run, and compares the file's probabilities with the network's.

    Args:
        run: The run.
        file: The file to write.
        kind: Its format.
        inputs: Real inputs to compare on, (N, H, W, C) uint8 or (N, D) float32.

    Returns:
        The largest difference of a probability.

    Raises:
        SemisupError: If the difference is above 1e-4, the format cannot hold the network, or a package is missing. No
            file is left then.
    """
    for package in PACKAGES[kind]:
        try:
            import_module(package)
        except ImportError as error:
            raise SemisupError(f"format={kind} needs {package}: pip install 'semisup[export]'.") from error
    file.parent.mkdir(parents=True, exist_ok=True)
    write = {"onnx": _write_onnx, "torch": _write_torch, "safetensors": _write_safetensors}[kind]
    classifier = run.classifier.cpu()
    with atomic_write(file) as temporary:
        try:
            exported = write(run, classifier, temporary, inputs[[0, 0]])  # with one input, torch fixes the number
        except (RuntimeError, ValueError) as error:  # of torch.export, about a network that it cannot trace
            reason = str(error).strip().partition("\n")[0].rstrip(":.")
            raise SemisupError(f"{file} was not written: the network cannot be put into {kind} ({reason}).") from error
        difference = _largest_difference(exported, classifier, inputs)
        if not difference <= TOLERANCE:
            raise SemisupError(f"{file} was not written: its probabilities differ by {difference:.1e} from torch's.")
    return difference


def _metadata(run: TrainedRun) -> dict[str, str]:
    """What a user needs beside the weights; lists and numbers as JSON."""
    rows = len(run.shape) == 1
    return {
        "producer": f"semisup {__version__}",
        "run": run.folder.resolve().name,
        "data": run.data["name"],
        "classes": json.dumps(run.classes),
        "inputs": "rows (N, D) float32" if rows else "images (N, H, W, C) uint8",
        "shape": json.dumps(run.shape),
        "columns": json.dumps(run.columns),
        "mean": json.dumps(run.data["mean"]),
        "std": json.dumps(run.data["std"]),
        "outputs": run.outputs,
        "temperature": json.dumps(run.temperature),
        "backbone": json.dumps(backbone_node(run.checkpoint, "run", run.allow)),
    }


def _write_onnx(run: TrainedRun, classifier: Classifier, file: Path, example: Tensor) -> Predictor:
    """Writes the file with two inputs as an example, and returns a function that predicts with it."""
    import onnx
    import onnxruntime

    name, output = "rows" if classifier.rows else "images", "probabilities"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # packages warn about each other
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            classifier,
            (example,),
            input_names=[name],
            output_names=[output],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    onnx.helper.set_model_props(model, _metadata(run))
    onnx.save(model, file)
    onnx.checker.check_model(file)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return lambda raw: torch.from_numpy(session.run([output], {name: raw.numpy()})[0])


def _write_torch(run: TrainedRun, classifier: Classifier, file: Path, example: Tensor) -> Predictor:
    program = torch.export.export(classifier, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about weights in channels_last; the comparison covers them
        torch.export.save(program, file, extra_files=_metadata(run))
    loaded: Predictor = torch.export.load(file).module()
    return loaded


def _write_safetensors(run: TrainedRun, classifier: Classifier, file: Path, example: Tensor) -> Predictor:
    from safetensors import torch as safetensors

    state = {name: value.contiguous() for name, value in classifier.network.state_dict().items()}
    file.write_bytes(safetensors.save(state, _metadata(run)))  # save_file would make it unreadable for other users
    node = backbone_node(run.checkpoint, "run", run.allow)
    with torch.random.fork_rng(devices=[]):
        network = build(node, shape=run.shape, classes=len(run.classes))
    network.load_state_dict(safetensors.load_file(file))
    return Classifier(network, run.data["mean"], run.data["std"], classifier.temperature, classifier.outputs)


@torch.inference_mode()
def _largest_difference(exported: Predictor, classifier: Classifier, inputs: Tensor) -> float:
    """The largest difference of a probability: first with one input, then with all of them."""
    sizes = (inputs[:1], inputs)
    return max(float((exported(part) - classifier(part)).abs().max()) for part in sizes)


def chosen_format(file: Path, asked: str | None) -> Format:
    """The format of a file to write.

    Args:
        file: The file.
        asked: The format that the user asked for; None to take that of the file's suffix.

    Returns:
        The format.

    Raises:
        SemisupError: If neither names one.
    """
    for kind in get_args(Format):
        if kind == (asked or SUFFIXES.get(file.suffix)):
            return kind
    raise SemisupError(
        f"out={file} has no suffix of a format: write format=..., or another suffix; "
        f"{did_you_mean(file.suffix, SUFFIXES)}"
    )


def real_inputs(run: TrainedRun, images: str | None) -> Tensor:
    """Up to 64 inputs to compare on: test images of the run's data set, or its other images if it has no test set.

    Args:
        run: The run.
        images: Images or a table to take instead, as for `open_samples`.

    Returns:
        (N, H, W, C) uint8 or (N, D) float32.

    Raises:
        SemisupError: If there are none.
    """
    if images is not None:
        loaded = (try_load(sample) for sample in open_samples(images, run).samples())
        readable = list(islice((value for value in loaded if not isinstance(value, str)), CHECKED))
        if not readable:
            raise SemisupError(f"images={images}: none of them can be read, and the export is checked on them.")
        return torch.from_numpy(np.stack(readable))
    try:
        store = run.open_store()
    except (SemisupError, OSError) as error:
        raise SemisupError(
            f"the export is checked on real inputs, but the run's data set is not there ({error}): write data_dir=... "
            "or images=FOLDER."
        ) from error
    return torch.from_numpy(np.array((store.test_images if len(store.test_images) else store.images)[:CHECKED]))
