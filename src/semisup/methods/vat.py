"""The prediction stays the same in the direction in which it would change most."""

from typing import Any

import torch
from torch import Tensor, nn

from semisup.batch_norm import keep_statistics
from semisup.data.batch import Batch
from semisup.errors import SemisupError
from semisup.functional import cross_entropy, entropy, kl_divergence, ramp_up, soft_target
from semisup.methods.base import Loss, Method


class VAT(Method):
    """Virtual Adversarial Training with entropy minimization (Miyato et al., 2018, arXiv:1704.03976), algorithm 1.

        L = H(y, p(x)) + w(t) · mean_u KL(p(u) ‖ p(u + r)) + λ_e · mean_u H(p(u))
        r = ε · g/‖g‖,   g = ∇_r KL(p(u) ‖ p(u + r)) at r = ξ·d,   d a random direction with ‖d‖ = 1

    unlabeled_weight: w at the end of the ramp. ramp: the share of the training over which w rises from 0.
    entropy_weight: λ_e. epsilon: ε, the length of r per image, in units of the normalized input. xi: ξ.
    The power iteration compares predictions that differ by r alone: each pass sees the same batch, the same dropout and
    float32, whatever the precision of the training. Running statistics of batch norm follow the pass with r = 0.
    Departures: ξ is .01 and not 1e-6, at which a float32 input is rounded and g has no more to do with the d it is made
    from: against its exact value, g has a cosine near 0 with 1e-6 and of .99 and more with .01. w is 1 without a ramp
    and λ_e is 1 in the paper, ε is 8 in the authors' code; ours are of Oliver et al. (2018). Labeled images are in
    each of the three passes; the authors keep them, and the running statistics, apart.
    """

    views = ("weak",)

    def __init__(
        self,
        network: nn.Module,
        *,
        unlabeled_weight: float = 0.3,
        ramp: float = 0.4,
        entropy_weight: float = 0.06,
        epsilon: float = 6.0,
        xi: float = 0.01,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        if xi <= 0:
            raise SemisupError(f"method.xi is above 0; got {xi}.")
        self.unlabeled_weight, self.ramp, self.entropy_weight = unlabeled_weight, ramp, entropy_weight
        self.epsilon, self.xi = epsilon, xi

    def loss(self, labeled: Batch, unlabeled: Batch) -> Loss:
        direction = unit(torch.randn_like(unlabeled.weak))
        dropout = int(torch.randint(2**62, ()))

        def predict(r: Tensor | float) -> tuple[Tensor, ...]:  # (B, K), (uB, K)
            torch.manual_seed(dropout)
            return self.logits(labeled.image, unlabeled.weak + r)

        with torch.autocast(labeled.image.device.type, enabled=False):
            logits, clean = predict(0.0)
            target = soft_target(clean)  # (uB, K)
            with keep_statistics(self.network):
                probe = (self.xi * direction).requires_grad_()
                (gradient,) = torch.autograd.grad(kl_divergence(predict(probe)[1], target), probe)
                adversarial = predict(self.epsilon * unit(gradient))[1]  # (uB, K)
        weight = self.unlabeled_weight * ramp_up(self.progress, 0.0, self.ramp)
        supervised = cross_entropy(logits, labeled.label)
        smoothness, uncertainty = kl_divergence(adversarial, target), entropy(clean)
        loss = supervised + weight * smoothness + self.entropy_weight * uncertainty
        return loss, {"supervised": supervised, "smoothness": smoothness, "entropy": uncertainty, "weight": weight}


def unit(x: Tensor) -> Tensor:
    """Each row of x, (N, ...), divided by its L2 norm; zero stays zero."""
    flat = x.flatten(1)
    flat = flat / flat.abs().amax(-1, keepdim=True).clamp_min(1e-30)  # else the squares of small ones would vanish
    return (flat / flat.norm(dim=-1, keepdim=True).clamp_min(1e-30)).view_as(x)
