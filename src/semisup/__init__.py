"""Semisup: semi-supervised image classification with PyTorch Lightning and Hydra.

The public names below are imported when they are first used, so that `import semisup` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from semisup.auto import AutoOptions, run_auto
    from semisup.cli.overrides import compose
    from semisup.core.errors import SemisupError
    from semisup.data import SSLDataModule, Store
    from semisup.methods import (
        ABC,
        ICT,
        SSB,
        UDA,
        VAT,
        AdaMatch,
        ClusterLabel,
        CoMatch,
        CRMatch,
        Dash,
        DeFixMatch,
        FixMatch,
        FlexMatch,
        FreeMatch,
        IOMatch,
        MeanTeacher,
        MetaPseudoLabels,
        Method,
        MixMatch,
        NoisyStudent,
        PiModel,
        PseudoLabel,
        PseudoLabels,
        RegMixMatch,
        ReMixMatch,
        SelfTraining,
        SequenceMatch,
        ShrinkMatch,
        SimMatch,
        SoftMatch,
        StepOutput,
        Supervised,
        TemporalEnsembling,
    )
    from semisup.models.backbones import Backbone
    from semisup.runs.run import run
    from semisup.runs.trained_run import open_run

__version__ = "0.1.0"
__all__ = [
    "ABC",
    "ICT",
    "SSB",
    "UDA",
    "VAT",
    "AdaMatch",
    "AutoOptions",
    "Backbone",
    "CRMatch",
    "ClusterLabel",
    "CoMatch",
    "Dash",
    "DeFixMatch",
    "FixMatch",
    "FlexMatch",
    "FreeMatch",
    "IOMatch",
    "MeanTeacher",
    "MetaPseudoLabels",
    "Method",
    "MixMatch",
    "NoisyStudent",
    "PiModel",
    "PseudoLabel",
    "PseudoLabels",
    "ReMixMatch",
    "RegMixMatch",
    "SSLDataModule",
    "SelfTraining",
    "SemisupError",
    "SequenceMatch",
    "ShrinkMatch",
    "SimMatch",
    "SoftMatch",
    "StepOutput",
    "Store",
    "Supervised",
    "TemporalEnsembling",
    "compose",
    "open_run",
    "run",
    "run_auto",
]
_MODULES = {  # the other names are in semisup.methods
    "AutoOptions": "semisup.auto",
    "Backbone": "semisup.models.backbones",
    "SSLDataModule": "semisup.data",
    "SemisupError": "semisup.core.errors",
    "Store": "semisup.data",
    "compose": "semisup.cli.overrides",
    "run_auto": "semisup.auto",
    "open_run": "semisup.runs.trained_run",
    "run": "semisup.runs.run",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'semisup' has no attribute '{name}'")
    value = getattr(import_module(_MODULES.get(name, "semisup.methods")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
