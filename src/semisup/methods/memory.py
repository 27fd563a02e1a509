"""What CoMatch and SimMatch share: projections of the features, and a memory of them that smooths the targets."""

from typing import Any

import torch
from torch import Tensor, nn

from semisup.core.ranges import Positive, PositiveInt, Probability
from semisup.methods.alignment import Alignment
from semisup.methods.fixmatch import FixMatch
from semisup.methods.functional import confident_classes
from semisup.methods.heads import Memory, ProjectionHead
from semisup.methods.step_output import PseudoLabels


class MemoryMethod(FixMatch):
    """FixMatch whose targets q are smoothed by those of similar images in a memory.

        q = α · p̃ + (1 - α) · Σ_i s_i p_i,   s = softmax(z · z_i / T)

    z is a normalized projection of the features, p̃ the aligned prediction; the memory holds z_i with p_i.

    Args:
        network: A Backbone.
        classes: K.
        temperature: T.
        projection: The width of z.
        memory: How many images it holds.
        smoothing: α.
        alignment: As in AlignedMethod.
        base: Arguments of FixMatch.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        temperature: Positive,
        projection: PositiveInt,
        memory: PositiveInt,
        smoothing: Probability = 0.9,
        alignment: Alignment = "uniform",
        **base: Any,
    ) -> None:
        super().__init__(network, classes=classes, alignment=alignment, **base)
        self.smoothing, self.temperature = smoothing, temperature
        self.project, self.memory = ProjectionHead(network, projection), Memory(memory, projection, classes)

    def remember(self, vectors: Tensor, labels: Tensor) -> None:
        """Puts the images of this step, of all processes, into the memory.

        Args:
            vectors: z, (n, width).
            labels: p, (n, K) float32.
        """
        self.memory.add(*(self.gather_across_ranks(x) for x in (vectors, labels)))

    def smooth(self, guess: Tensor, similarity: Tensor) -> tuple[Tensor, PseudoLabels]:
        """Targets, and which of them are kept.

        Args:
            guess: p̃, (uB, K).
            similarity: s, (uB, M).

        Returns:
            q, (uB, K), which is p̃ as long as the memory is empty, and its pseudo-labels.
        """
        mixed = self.smoothing * guess + (1 - self.smoothing) * similarity @ self.memory.labels
        soft = torch.where(self.memory.added > 0, mixed, guess)
        return soft, confident_classes(soft, self.threshold)
