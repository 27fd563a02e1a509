"""Pseudo-labels by a vote of several labelers, on one embedding or on several."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.core.ranges import PositiveInt, enforce_ranges
from semisup.labelers.curriculum import CurriculumLabeler
from semisup.labelers.feature_labeler import FeatureLabeler
from semisup.labelers.inputs import LabelerInputs, features_and_labeled
from semisup.labelers.logistic import LogisticLabeler
from semisup.labelers.mixture import MixtureLabeler
from semisup.labelers.propagation import LabelPropagation

Member = Literal["logistic", "propagation", "mixture", "curriculum"]
_MEMBERS: dict[str, Callable[[], FeatureLabeler]] = {
    "logistic": lambda: LogisticLabeler(class_weight="balanced"),
    "propagation": LabelPropagation,
    "mixture": MixtureLabeler,
    "curriculum": CurriculumLabeler,
}


@enforce_ranges
class VoteLabeler(FeatureLabeler):
    """Several labelers vote, with weights by how often each agrees with the others.

    Source: the idea is that of V-PET, 2025, arXiv:2503.09707, where several fine-tuned networks vote with equal
    weights. Departures: see `vote`.

    Args:
        members: The labelers, with their default options; logistic with class_weight='balanced'.
        blocks: With the features of several networks one after another: how many numbers are of each. Each member then
            labels by each network, and all of these vote. None for one network.
        base: Arguments of FeatureLabeler.

    Raises:
        SemisupError: If there are fewer than two votes, or a member is named twice.
    """

    def __init__(
        self,
        *,
        members: Sequence[Member] = ("logistic", "propagation", "mixture", "curriculum"),
        blocks: Sequence[PositiveInt] | None = None,
        **base: Any,
    ) -> None:
        super().__init__(**base)
        if len(set(members)) < len(members) or len(members) * len(blocks or (0,)) < 2:
            raise SemisupError(f"labeler.members={list(members)}: a vote needs two different labelers or more.")
        self.blocks = blocks
        self.voters = [[_MEMBERS[name]() for name in members] for _ in blocks or (0,)]  # those of each block

    def probabilities(self, inputs: LabelerInputs, classes: int) -> NDArray[np.float32]:
        """The result of the vote, as in `vote`.

        Args:
            inputs: With features.
            classes: K.

        Returns:
            (N, K) float32.

        Raises:
            SemisupError: If a member cannot label, or `blocks` do not add up to the numbers of each image.
        """
        features, labeled = features_and_labeled(inputs, self)
        votes = [
            voter.probabilities(replace(inputs, features=block), classes)
            for block, voters in zip(self.prepared(features), self.voters, strict=True)
            for voter in voters
        ]
        return vote(votes, ~labeled)

    def _prepare(self, features: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        if self.blocks is None:
            return [features]
        if sum(self.blocks) != features.shape[1]:
            raise SemisupError(f"labeler.blocks={list(self.blocks)}: images have {features.shape[1]} numbers each.")
        return [np.ascontiguousarray(block) for block in np.split(features, np.cumsum(self.blocks)[:-1], axis=1)]


def vote(probabilities: Sequence[NDArray[np.float32]], unlabeled: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The mean of votes and of probabilities, weighted by agreement.

    A member's vote is 1 for its most probable class. Its weight is the share of unlabeled images for which it agrees
    with another member, averaged over the others. Probabilities decide between equal votes.

    Args:
        probabilities: Of M members, (N, K) each.
        unlabeled: The images that agreement is measured on, (N,).

    Returns:
        (N, K) float32.
    """
    chosen = np.stack([member.argmax(1) for member in probabilities])  # (M, N)
    agreement = (chosen[:, None] == chosen)[:, :, unlabeled].sum(-1)  # (M, M)
    weight = agreement.sum(1) - agreement.diagonal() + 1e-9  # equal weights if nobody agrees
    weight = weight / weight.sum()
    rows = np.arange(chosen.shape[1])
    result = np.zeros(probabilities[0].shape)
    for member, share, classes in zip(probabilities, weight, chosen, strict=True):
        result += share / 2 * member
        result[rows, classes] += share / 2
    return result.astype(np.float32)
