"""The prediction stays the same in the direction in which it would change most."""

from typing import Any

import torch
from torch import Tensor, nn

from semisup.core.ranges import NonNegative, Positive
from semisup.data.batch import Batch
from semisup.methods.functional import entropy, kl_divergence, sharpened_softmax, unit
from semisup.methods.ramped import RampedMethod
from semisup.methods.step_output import StepOutput
from semisup.models.batch_norm import frozen_statistics


class VAT(RampedMethod):
    """Virtual Adversarial Training with entropy minimization.

        L = H(y, p(x)) + w(t) · mean_u KL(p(u) ‖ p(u + r)) + λ_e · mean_u H(p(u))
        r = ε · g/‖g‖,   g = ∇_r KL(p(u) ‖ p(u + r)) at r = ξ·d,   d a random direction with ‖d‖ = 1

    The power iteration compares predictions that differ by r alone: each pass sees the same batch, the same dropout
    and float32, whatever the precision of the training. Running statistics of batch norm follow the pass with r = 0.

    Source: Miyato et al., 2018, arXiv:1704.03976, algorithm 1; w, λ_e and ε are those of Oliver et al. (2018).
    Departures: ξ is .01 and not 1e-6, at which a float32 input is rounded and g has no more to do with its d: against
    the exact value, g has a cosine near 0 with 1e-6 and of at least .99 with .01. In the paper w is 1 without a ramp
    and λ_e is 1; in the authors' code ε is 8. Labeled images are in each of the three passes; the authors keep them,
    and the running statistics, apart.

    Args:
        network: Maps views to logits (N, K).
        unlabeled_weight: w at the end of the ramp.
        entropy_weight: λ_e.
        epsilon: ε, the length of r per image, in units of the normalized input.
        xi: ξ.
        base: Arguments of RampedMethod and Method.
    """

    views = ("weak",)

    def __init__(
        self,
        network: nn.Module,
        *,
        unlabeled_weight: NonNegative = 0.3,
        entropy_weight: NonNegative = 0.06,
        epsilon: NonNegative = 6.0,
        xi: Positive = 0.01,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.unlabeled_weight, self.entropy_weight = unlabeled_weight, entropy_weight
        self.epsilon, self.xi = epsilon, xi

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        direction = unit(torch.randn_like(unlabeled.weak))
        dropout = int(torch.randint(2**62, ()))

        def predict(r: Tensor | float) -> tuple[Tensor, ...]:  # (B, K), (uB, K)
            torch.manual_seed(dropout)
            return self.logits(labeled.image, unlabeled.weak + r)

        with torch.autocast(labeled.image.device.type, enabled=False):
            logits, clean = predict(0.0)
            target = sharpened_softmax(clean)  # (uB, K)
            with frozen_statistics(self.network):
                probe = (self.xi * direction).requires_grad_()
                (gradient,) = torch.autograd.grad(kl_divergence(predict(probe)[1], target), probe)
                adversarial = predict(self.epsilon * unit(gradient))[1]  # (uB, K)
        weight = self.unlabeled_weight * self.rise
        supervised = self.supervised_loss(logits, labeled.label)
        smoothness, uncertainty = kl_divergence(adversarial, target), entropy(clean)
        loss = supervised + weight * smoothness + self.entropy_weight * uncertainty
        terms: dict[str, Tensor | float] = {"supervised": supervised, "smoothness": smoothness}
        return StepOutput(loss, terms | {"entropy": uncertainty, "weight": weight})
