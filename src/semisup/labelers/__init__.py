"""Between two rounds: from what is known of the unlabeled images to their pseudo-labels."""

from semisup.labelers.bank import Bank, Labeler, Labels
from semisup.labelers.confident import Confident

__all__ = ["Bank", "Confident", "Labeler", "Labels"]
