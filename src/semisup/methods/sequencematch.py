"""FlexMatch with a medium view between the weak and the strong one, and all three close to one another."""

from typing import Any

from torch import nn
from torch.nn import functional as F

from semisup.core.ranges import Positive
from semisup.data.batch import Batch
from semisup.methods.flexmatch import FlexMatch
from semisup.methods.functional import sharpened_softmax, weighted_cross_entropy
from semisup.methods.step_output import StepOutput


class SequenceMatch(FlexMatch):
    """SequenceMatch: FlexMatch with a medium view, and each view close to the weaker ones.

        L = H(y, p(x_weak)) + λ(t) · mean_u w(u) · (H(argmax p(u_weak), p(u_strong))
            + KL(q_weak ‖ p_medium) + KL(q_medium ‖ p_strong) + KL(q_weak ‖ p_strong)),   q = softmax(z / T)

    w(u) is 1 where p(u_weak) reaches the threshold of its class, as in FlexMatch, and 0 elsewhere. λ(t) is FlexMatch's.

    Source: Nguyen, 2024, arXiv:2310.15787, as in USB, whose KL terms have the same w(u). Departure: q sharpens logits,
    where USB's code takes a second softmax of the probabilities. λ(t) rises; as published: ramp=0.

    Args:
        network: Maps views to logits (N, K).
        temperature: T.
        base: Arguments of FlexMatch.
    """

    views: tuple[str, ...] = ("weak", "medium", "strong")

    def __init__(self, network: nn.Module, *, temperature: Positive = 0.5, **base: Any) -> None:
        super().__init__(network, **base)
        self.temperature = temperature

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        # (B, K), then (uB, K) each
        logits, medium, strong, weak = self.logits(
            labeled.image, unlabeled.medium, unlabeled.strong, no_grad=(unlabeled.weak,)
        )
        pseudo_labels = self._pseudo_labels(weak, labeled.label, unlabeled.index)
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, pseudo_labels)
        sequence = logits.new_zeros((), dtype=consistency.dtype)
        for weaker, stronger in ((weak, medium), (medium, strong), (weak, strong)):
            target = sharpened_softmax(weaker, self.temperature)
            divergence = F.kl_div(stronger.float().log_softmax(-1), target, reduction="none").sum(-1)  # (uB,)
            sequence = sequence + (divergence * pseudo_labels.weight).mean()
        loss = supervised + self.unlabeled_weight * self.rise * (consistency + sequence)
        return StepOutput(
            loss, {"supervised": supervised, "consistency": consistency, "sequence": sequence}, pseudo_labels
        )
