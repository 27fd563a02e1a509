"""One file per method; each reads like the algorithm box of its paper."""

from semisup.methods.base import Loss, Method
from semisup.methods.pseudo_label import PseudoLabel
from semisup.methods.supervised import Supervised

__all__ = ["Loss", "Method", "PseudoLabel", "Supervised"]
