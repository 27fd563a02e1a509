"""A teacher labels images for a student, and learns from how much its labels help the student."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from semisup.core.errors import SemisupError
from semisup.core.ranges import Fraction, NonNegative, Positive, Probability
from semisup.data.batch import Batch
from semisup.methods.functional import cross_entropy, hard_pseudo_labels, soft_pseudo_labels, weighted_cross_entropy
from semisup.methods.ramped import RampedMethod
from semisup.methods.step_output import StepOutput


class MetaPseudoLabels(RampedMethod):
    """Meta Pseudo Labels: the student learns the teacher's labels, and the teacher what makes them useful.

        student:  L_S = H(ŷ, p_S(u_strong)),   ŷ = argmax p_T(u_strong);   at first and at the end H(y, p_S(x)) alone
        teacher:  L_T = H(y, p_T(x)) + (h - h̄) · H(ŷ, p_T(u_strong)) + w(t) · UDA's loss, with its τ and T
        h = H(y, p_S(x)) before the student's step, minus that after it;   h̄ is its moving average

    Source: Pham et al., 2021, arXiv:2003.10580, section 2. Departures: h (to first order the paper's product of
    gradients), the student's labels at first (an untrained teacher names one class), fine-tuning in the training.

    Args:
        network: The student, which is evaluated. The teacher begins with its weights, and has an optimizer like its.
        threshold: τ.
        temperature: T.
        unlabeled_weight: w at the end of the ramp.
        warm_up: The share of the training, at its beginning, in which the student learns the labels alone.
        fine_tuning: The same at the end of the training.
        decay: Of h̄.
        base: Arguments of RampedMethod and Method.
    """

    views = ("weak", "strong")
    parts = ("network", "teacher")
    mean_help: Tensor  # h̄

    def __init__(
        self,
        network: nn.Module,
        *,
        threshold: Probability = 0.6,
        temperature: Positive = 0.7,
        unlabeled_weight: NonNegative = 1.0,
        warm_up: Fraction = 0.3,
        fine_tuning: Fraction = 0.1,
        decay: Fraction = 0.99,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        if warm_up + fine_tuning >= 1:
            raise SemisupError("method.warm_up and method.fine_tuning must add up to less than 1.")
        self.threshold, self.temperature, self.unlabeled_weight = threshold, temperature, unlabeled_weight
        self.warm_up, self.fine_tuning, self.decay = warm_up, fine_tuning, decay
        self.teacher = copy.deepcopy(self.network)
        self.register_buffer("mean_help", torch.tensor(0.0))

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        images = (labeled.image, unlabeled.strong, unlabeled.weak)
        logits, strong, weak = self.teacher(torch.cat(images)).split([len(group) for group in images])
        labels = hard_pseudo_labels(strong, 0.0)
        before, student = self.logits(*images[:2])
        supervised = self.supervised_loss(before, labeled.label)
        student_loss = weighted_cross_entropy(student, labels)
        alone = not self.warm_up <= self.progress < 1 - self.fine_tuning
        self.minimize("network", supervised + 0 * student_loss if alone else student_loss + 0 * supervised)
        with torch.no_grad():
            after = cross_entropy(self.logits(*images[:2])[0], labeled.label)
            gain = self.gather_across_ranks((cross_entropy(before, labeled.label) - after)[None]).mean()
        consistency = weighted_cross_entropy(strong, soft_pseudo_labels(weak, self.threshold, self.temperature))
        teacher = self.supervised_loss(logits, labeled.label)
        help_term = (0.0 if alone else gain - self.mean_help) * weighted_cross_entropy(strong, labels)
        self.minimize("teacher", teacher + self.unlabeled_weight * self.rise * consistency + help_term)
        self.mean_help.lerp_(gain, 1 - self.decay)
        terms = {"supervised": supervised.detach(), "teacher": teacher.detach(), "consistency": consistency.detach()}
        return StepOutput(student_loss.detach(), terms | {"help": gain}, labels)
