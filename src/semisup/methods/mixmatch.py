"""Guessed labels, sharpened, and images mixed with one another."""

from typing import Any

import torch
from torch import nn
from torch.distributions import Beta
from torch.nn import functional as F

from semisup.core.ranges import NonNegative, Positive
from semisup.data.batch import Batch
from semisup.methods.functional import mean_squared_error, sharpen, sharpened_softmax
from semisup.methods.mixing import mix
from semisup.methods.ramped import RampedMethod
from semisup.methods.step_output import PseudoLabels, StepOutput
from semisup.models.batch_norm import frozen_statistics


class MixMatch(RampedMethod):
    """MixMatch, with K = 2 views.

        q = sharpen((p(u') + p(u'')) / 2, T);   each (image, label) is mixed with another one of the whole batch:
        x ← λ x + (1 - λ) x_other, the same for labels;   λ ~ Beta(α, α), at least 1/2
        L = H(label, p(x)) + w(t) · mean_u,k (q_k - p(u)_k)²

    Source: Berthelot et al., 2019, arXiv:1905.02249, algorithm 1 and eq. 3 to 11. α is .5 as in the authors' code; the
    paper has .75 for most data sets. Departures: all mixed images go through one forward pass, which makes
    interleaving unnecessary, and batch norm's running statistics follow all of them instead of a third; the guesses
    leave the statistics alone. Each process of several mixes its own images. w ends at 10 and rises over .4 of the
    training. The authors' code has 100 and 1/64 (the paper 75 for CIFAR-10), with which short trainings collapse.

    Args:
        network: Maps views to logits (N, K).
        unlabeled_weight: w at the end of the ramp.
        temperature: T.
        alpha: α.
        base: Arguments of RampedMethod and Method.
    """

    views = ("weak", "weak_2")

    def __init__(
        self,
        network: nn.Module,
        *,
        unlabeled_weight: NonNegative = 10.0,
        temperature: Positive = 0.5,
        alpha: Positive = 0.5,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.unlabeled_weight, self.temperature = unlabeled_weight, temperature
        self.shares = Beta(alpha, alpha)

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        with torch.no_grad(), frozen_statistics(self.network):
            one, other = self.logits(unlabeled.weak, unlabeled.weak_2)  # (uB, K), (uB, K)
        mean = (sharpened_softmax(one) + sharpened_softmax(other)) / 2
        guess = sharpen(mean, self.temperature)
        confidence = mean.amax(-1)

        image = torch.cat([labeled.image, unlabeled.weak, unlabeled.weak_2])  # (N, ...), N = B + 2 uB
        label = torch.cat([F.one_hot(labeled.label, guess.shape[-1]).float(), guess, guess])  # (N, K)
        mixed_image, mixed = mix(self.shares, image, label)
        (logits,), size = self.logits(mixed_image), len(labeled.image)  # (N, K)

        weight = self.unlabeled_weight * self.rise
        supervised = self.supervised_loss(logits[:size], mixed[:size])
        consistency = mean_squared_error(logits[size:], mixed[size:])
        loss = supervised + weight * consistency
        pseudo_labels = PseudoLabels(guess.argmax(-1), torch.ones_like(confidence), confidence)
        return StepOutput(loss, {"supervised": supervised, "consistency": consistency, "weight": weight}, pseudo_labels)
