"""The whole job: a short list of methods, cross-validated on the labels there are, and the choice trained on all."""

from semisup.auto.job import run_auto
from semisup.auto.options import AutoOptions

__all__ = ["AutoOptions", "run_auto"]
