"""A finished run as a file for other programs: ONNX, torch.export, or safetensors; checked before it takes its name.

ONNX and torch.export hold the whole way from raw inputs to calibrated probabilities (see Classifier), for any number of
inputs at a time; safetensors holds the network's weights, and in its metadata what else there is to know.
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
from semisup.config import resolve as configuration
from semisup.core.atomic_files import atomic_write
from semisup.core.errors import SemisupError, did_you_mean
from semisup.models.classifier import Classifier
from semisup.predicting.inputs import open_inputs
from semisup.predicting.pipeline import attempt
from semisup.runs.trained_run import TrainedRun, backbone_node, data_set

Format = Literal["onnx", "torch", "safetensors"]
SUFFIXES = {".onnx": "onnx", ".pt2": "torch", ".safetensors": "safetensors"}
TOLERANCE = 1e-4  # of a probability
CHECKED = 64  # inputs to check with
NEEDS = {"onnx": ("onnx", "onnxscript", "onnxruntime"), "torch": (), "safetensors": ("safetensors",)}

Predictor = Callable[[Tensor], Tensor]  # raw inputs -> probabilities (N, K)


def export_run(run: TrainedRun, file: Path, kind: Format, inputs: Tensor) -> float:
    """Writes the file and returns the largest difference of a probability between it and the network.

    inputs: real ones to check with, (N, H, W, C) uint8 or (N, D) float32. Raises SemisupError, and leaves no file, if
    the difference is above 1e-4, the format cannot hold the network, or a package is missing.
    """
    for package in NEEDS[kind]:
        try:
            import_module(package)
        except ImportError as error:
            raise SemisupError(f"format={kind} needs {package}: pip install 'semisup[export]'.") from error
    file.parent.mkdir(parents=True, exist_ok=True)
    write = {"onnx": write_onnx, "torch": write_torch, "safetensors": write_safetensors}[kind]
    classifier = run.classifier.cpu()
    with atomic_write(file) as draft:
        try:
            exported = write(run, classifier, draft, inputs[[0, 0]])  # of one alone, torch takes the number for fixed
        except (RuntimeError, ValueError) as error:  # of torch.export, about a network that it cannot follow
            reason = str(error).strip().partition("\n")[0].rstrip(":.")
            raise SemisupError(f"{file} was not written: the network cannot be put into {kind} ({reason}).") from error
        difference = largest_difference(exported, classifier, inputs)
        if not difference <= TOLERANCE:
            raise SemisupError(f"{file} was not written: its probabilities differ by {difference:.1e} from torch's.")
    return difference


def metadata(run: TrainedRun) -> dict[str, str]:
    """What is to know beside the weights; everything but names as JSON."""
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
        "temperature": json.dumps(run.temperature),
        "backbone": json.dumps(backbone_node(run.checkpoint, "run")),
    }


def write_onnx(run: TrainedRun, classifier: Classifier, file: Path, example: Tensor) -> Predictor:
    import onnx
    import onnxruntime

    name, output = "rows" if classifier.rows else "images", "probabilities"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages about each other
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
    onnx.helper.set_model_props(model, metadata(run))
    onnx.save(model, file)
    onnx.checker.check_model(file)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return lambda raw: torch.from_numpy(session.run([output], {name: raw.numpy()})[0])


def write_torch(run: TrainedRun, classifier: Classifier, file: Path, example: Tensor) -> Predictor:
    program = torch.export.export(classifier, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of weights that are in channels_last; they are compared below
        torch.export.save(program, file, extra_files=metadata(run))
    loaded: Predictor = torch.export.load(file).module()
    return loaded


def write_safetensors(run: TrainedRun, classifier: Classifier, file: Path, example: Tensor) -> Predictor:
    from safetensors import torch as safetensors

    state = {name: value.contiguous() for name, value in classifier.network.state_dict().items()}
    file.write_bytes(safetensors.save(state, metadata(run)))  # save_file would keep the file from other users
    node = backbone_node(run.checkpoint, "run")
    with torch.random.fork_rng(devices=[]):
        network = configuration.build(node, shape=run.shape, classes=len(run.classes))
    network.load_state_dict(safetensors.load_file(file))
    return Classifier(network, run.data["mean"], run.data["std"], classifier.temperature)


@torch.inference_mode()
def largest_difference(exported: Predictor, classifier: Classifier, inputs: Tensor) -> float:
    """Of a probability, over the inputs, given one at first and then all at a time."""
    sizes = (inputs[:1], inputs)
    return max(float((exported(part) - classifier(part)).abs().max()) for part in sizes)


def chosen_format(file: Path, asked: str | None) -> Format:
    """The format that is asked for, or else the one that the file's suffix says. SemisupError if it says none."""
    for kind in get_args(Format):
        if kind == (asked or SUFFIXES.get(file.suffix)):
            return kind
    raise SemisupError(
        f"out={file} does not say in which format: write format=..., or a file whose end is one; "
        f"{did_you_mean(file.suffix, SUFFIXES)}"
    )


def real_inputs(run: TrainedRun, images: str | None, data_dir: str | None) -> Tensor:
    """Some inputs to check with: of `images`, or else of the run's own data set, its test set if it has one.

    Raises SemisupError if there are none.
    """
    if images is not None:
        found = (attempt(item) for item in open_inputs(images, run).items())
        readable = list(islice((value for value in found if not isinstance(value, str)), CHECKED))
        if not readable:
            raise SemisupError(f"images={images}: none of them can be read, and some are needed to check the export.")
        return torch.from_numpy(np.stack(readable))
    try:
        store = data_set(run.config, run.result, data_dir)
    except (SemisupError, OSError) as error:
        raise SemisupError(
            f"the export is checked on real inputs, and the run's data set is not there ({error}): give data_dir=..., "
            "or images=FOLDER."
        ) from error
    return torch.from_numpy(np.array((store.test_images if len(store.test_images) else store.images)[:CHECKED]))
