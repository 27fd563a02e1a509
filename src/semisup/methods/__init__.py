"""One file per method; each reads like the algorithm box of its paper."""

from semisup.methods.base import Loss, Method
from semisup.methods.fixmatch import FixMatch
from semisup.methods.flexmatch import FlexMatch
from semisup.methods.freematch import FreeMatch
from semisup.methods.mean_teacher import MeanTeacher
from semisup.methods.mixmatch import MixMatch
from semisup.methods.pi_model import PiModel
from semisup.methods.pseudo_label import PseudoLabel
from semisup.methods.softmatch import SoftMatch
from semisup.methods.supervised import Supervised
from semisup.methods.uda import UDA
from semisup.methods.vat import VAT

__all__ = [
    "UDA",
    "VAT",
    "FixMatch",
    "FlexMatch",
    "FreeMatch",
    "Loss",
    "MeanTeacher",
    "Method",
    "MixMatch",
    "PiModel",
    "PseudoLabel",
    "SoftMatch",
    "Supervised",
]
