"""Pseudo-labels from the network itself, chosen again at every step."""

from typing import Any

from torch import nn

from semisup.core.errors import SemisupError
from semisup.core.ranges import NonNegative, Probability
from semisup.data.batch import Batch
from semisup.methods.alignment import AlignedMethod
from semisup.methods.functional import Outputs, hard_pseudo_labels, weighted_cross_entropy
from semisup.methods.schedules import ramp_up
from semisup.methods.step_output import StepOutput


class PseudoLabel(AlignedMethod):
    """Pseudo-Label: the class that the network finds most probable is the target of the same image.

        L = H(y, p(x)) + α(t) · mean_u 1[max p(u) ≥ τ] · H(argmax p(u), p(u))
        α(t) = 0 until t1, then linearly up to α at t2, then α

    Source: Lee, 2013, eq. 15 and 16. The defaults, τ = .95 and α = 1, are those of later comparisons. The paper keeps
    every image, and has sigmoid units: threshold=0 alpha=3 outputs=sigmoid. Departures: t1 and t2 are shares of the
    training instead of epochs 100 and 600; images are seen through weak views.

    Args:
        network: Maps views to logits (N, K).
        alpha: The weight of the unlabeled images at the end of the ramp.
        t1: The share of the training at which the ramp begins.
        t2: The share of the training at which the ramp ends; at least t1.
        threshold: τ.
        outputs: 'softmax'; or 'sigmoid', where H is the binary cross-entropy, summed over the K outputs.
        cross_view: Whether the target is of another weak view of the image than the prediction.
        base: Arguments of AlignedMethod and Method.

    Raises:
        SemisupError: If t1 is above t2, or sigmoid outputs, which have no distribution, are to be aligned.
    """

    views: tuple[str, ...] = ("weak",)

    def __init__(
        self,
        network: nn.Module,
        *,
        alpha: NonNegative = 1.0,
        t1: Probability = 0.1,
        t2: Probability = 0.6,
        threshold: Probability = 0.95,
        outputs: Outputs = "softmax",
        cross_view: bool = False,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        if t1 > t2:
            raise SemisupError(f"method.t1={t1} is above method.t2={t2}: the ramp begins at t1 and ends at t2.")
        self.alpha, self.t1, self.t2, self.threshold = alpha, t1, t2, threshold
        if outputs == "sigmoid" and (self.aligner or self.class_prior):
            raise SemisupError("method.outputs=sigmoid cannot be aligned: leave out alignment and logit_adjustment.")
        self.outputs, self.cross_view = outputs, cross_view
        if cross_view:
            self.views = ("weak", "weak_2")

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        if self.cross_view or self.targets_from != "training":  # (B, K), (uB, K), (uB, K)
            target_view = unlabeled[self.views[-1]]
            logits, guess, other = self.logits(labeled.image, unlabeled.weak, no_grad=(target_view,))
        else:
            logits, guess = self.logits(labeled.image, unlabeled.weak)
            other = guess
        aligned = self.align(other, labeled.label)
        pseudo_labels = self.keep(hard_pseudo_labels(aligned, self.threshold, self.outputs))
        alpha = self.alpha * ramp_up(self.progress, self.t1, self.t2)
        supervised = self.supervised_loss(logits, labeled.label)
        unsupervised = weighted_cross_entropy(guess, pseudo_labels, self.outputs)
        loss = supervised + alpha * unsupervised
        return StepOutput(loss, {"supervised": supervised, "unsupervised": unsupervised, "alpha": alpha}, pseudo_labels)
