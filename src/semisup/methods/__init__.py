"""One file per method; each reads like the algorithm box of its paper."""

from semisup.methods.abc import ABC
from semisup.methods.adamatch import AdaMatch
from semisup.methods.base import Method
from semisup.methods.cluster_label import ClusterLabel
from semisup.methods.comatch import CoMatch
from semisup.methods.crmatch import CRMatch
from semisup.methods.dash import Dash
from semisup.methods.defixmatch import DeFixMatch
from semisup.methods.fixmatch import FixMatch
from semisup.methods.flexmatch import FlexMatch
from semisup.methods.freematch import FreeMatch
from semisup.methods.ict import ICT
from semisup.methods.iomatch import IOMatch
from semisup.methods.mean_teacher import MeanTeacher
from semisup.methods.meta_pseudo_labels import MetaPseudoLabels
from semisup.methods.mixmatch import MixMatch
from semisup.methods.noisy_student import NoisyStudent
from semisup.methods.pi_model import PiModel
from semisup.methods.pseudo_label import PseudoLabel
from semisup.methods.regmixmatch import RegMixMatch
from semisup.methods.remixmatch import ReMixMatch
from semisup.methods.self_training import SelfTraining
from semisup.methods.sequencematch import SequenceMatch
from semisup.methods.shrinkmatch import ShrinkMatch
from semisup.methods.simmatch import SimMatch
from semisup.methods.softmatch import SoftMatch
from semisup.methods.ssb import SSB
from semisup.methods.step_output import PseudoLabels, StepOutput
from semisup.methods.supervised import Supervised
from semisup.methods.temporal_ensembling import TemporalEnsembling
from semisup.methods.uda import UDA
from semisup.methods.vat import VAT

__all__ = [
    "ABC",
    "ICT",
    "SSB",
    "UDA",
    "VAT",
    "AdaMatch",
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
    "SelfTraining",
    "SequenceMatch",
    "ShrinkMatch",
    "SimMatch",
    "SoftMatch",
    "StepOutput",
    "Supervised",
    "TemporalEnsembling",
]
