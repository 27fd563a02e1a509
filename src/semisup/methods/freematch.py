"""FixMatch with thresholds that follow the confidence of the network, and a pull towards predicting all classes."""

from typing import Any

from torch import Tensor, nn

from semisup.core.ranges import Fraction, NonNegative
from semisup.data.batch import Batch
from semisup.methods.fairness import kept_classes, self_adaptive_fairness
from semisup.methods.functional import hard_pseudo_labels, sharpened_softmax, weighted_cross_entropy
from semisup.methods.ramped import RampedMethod
from semisup.methods.schedules import average_decay
from semisup.methods.step_output import StepOutput
from semisup.methods.thresholds import SelfAdaptiveThresholds


class FreeMatch(RampedMethod):
    """FreeMatch: FixMatch with thresholds that follow the confidence of the network.

        L = H(y, p(x_weak)) + λ(t) · mean_u 1[max p(u_weak) ≥ τ_c] · H(c, p(u_strong)) + λ_f(t) · L_f
        c = argmax p(u_weak),   λ(t) = λ · min(1, t / ramp), and λ_f(t) likewise
        L_f = Σ_c norm(p̃ / h̃)_c · log norm(p̄ / h̄)_c

    τ_c, p̃ and h̃ are of SelfAdaptiveThresholds; the latter two follow the mean prediction and the histogram of the weak
    views. p̄ and h̄ are those of the kept strong views.

    Source: Wang et al., 2023, arXiv:2205.07246, algorithm 1. λ_f is USB's .001; its code's own default is .01.
    Departures: a class that no kept strong view shows adds nothing to L_f, where the authors' code adds a constant; τ
    is not clipped; weights and d rise, as nearly every image is kept at first, and a short training does not recover
    from that. As published: ramp=0 decay=.999.

    Args:
        network: Maps views to logits (N, K).
        classes: K.
        unlabeled_weight: λ.
        fairness: λ_f.
        decay: d; None = min(.999, (1 + t) / (10 + t)) at step t.
        base: Arguments of RampedMethod and Method.
    """

    views = ("weak", "strong")

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        unlabeled_weight: NonNegative = 1.0,
        fairness: NonNegative = 0.001,
        decay: Fraction | None = None,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.unlabeled_weight, self.fairness, self.decay = unlabeled_weight, fairness, decay
        self.thresholds = SelfAdaptiveThresholds(classes)

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        return self._free_match(labeled, unlabeled)[0]

    def _free_match(self, labeled: Batch, unlabeled: Batch) -> tuple[StepOutput, Tensor]:
        """`loss`, and the logits of the weak views, (uB, K)."""
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, no_grad=(unlabeled.weak,))
        state = self.thresholds
        state.update(self.gather_across_ranks(sharpened_softmax(weak)), average_decay(self.decay, self.step))
        pseudo_labels = hard_pseudo_labels(weak, state.of_classes())
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, pseudo_labels)
        kept = self.sum_across_ranks(kept_classes(strong, pseudo_labels.weight))
        unfairness = self_adaptive_fairness(state.mean_probability, state.histogram, *kept)
        unsupervised = self.unlabeled_weight * consistency + self.fairness * unfairness
        loss = supervised + self.rise * unsupervised
        terms = {"supervised": supervised, "consistency": consistency, "unfairness": unfairness}
        return StepOutput(loss, terms, pseudo_labels), weak
