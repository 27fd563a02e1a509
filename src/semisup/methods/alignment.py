"""Distribution alignment and logit adjustment: options of the methods whose targets are thresholded predictions."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.errors import SemisupError
from semisup.core.ranges import NonNegative, Positive, enforce_ranges
from semisup.methods.base import Method
from semisup.methods.class_prior import ClassPrior

Alignment = Literal["off", "uniform", "labeled"] | Sequence[Positive]
_DECAY = 0.999


class AlignedMethod(Method):
    """A method whose targets can be aligned with a class distribution, and whose logits can be adjusted to one.

    Targets are then made of q = norm(p · prior / mean) instead of p, where `mean` follows the predictions on unlabeled
    images. A network that favors some classes gets fewer targets of these.

    Source: Berthelot et al., 2020, arXiv:1911.09785, section 3.1. Departure: `mean` is a moving average with a decay of
    at most (1 + t) / (10 + t) at step t, and .999 in the end, instead of the mean of the last 128 steps.

    With `logit_adjustment`, τ, the losses see z + τ log π, and targets are made of z + τ log π_u: in a long tail, the
    network itself then favors no class. π and π_u are the shares of the classes among all and among unlabeled images,
    as of ClassPrior.

    Args:
        network: Maps views to logits (N, K).
        classes: K; the program supplies it.
        alignment: The prior: 'off' leaves the predictions as they are; 'uniform' is 1/K for each class; 'labeled' is
            the share of each class among the labeled images; a list gives the share of each class.
        logit_adjustment: τ; 0 adjusts nothing.
        unlabeled_prior: π_u: 'labeled' is π of the labeled images; 'estimated' follows the predictions, as in SimPro.
        base: Arguments of Method.

    Raises:
        SemisupError: If `alignment` needs `classes` and there is none, or lists another number of classes, or an
            option has no effect.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int | None = None,
        alignment: Alignment = "off",
        logit_adjustment: NonNegative = 0.0,
        unlabeled_prior: Literal["labeled", "estimated"] = "labeled",
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.aligner = None if alignment == "off" else Aligner(classes, alignment)
        self.class_prior: ClassPrior | None = None
        if logit_adjustment:
            self.class_prior = ClassPrior(classes, logit_adjustment, unlabeled_prior == "estimated")
        elif unlabeled_prior != "labeled":
            raise SemisupError("method.unlabeled_prior has no effect without method.logit_adjustment; write =1.")

    def logits(self, *images: Tensor, no_grad: tuple[Tensor, ...] = ()) -> tuple[Tensor, ...]:
        """As of Method; with logit adjustment, the logits with a gradient are adjusted.

        Args:
            images: Groups of views, (n_i, ...) float32 each.
            no_grad: Groups through whose logits no gradient flows, which `align` gets.

        Returns:
            Logits (n_i, K) of each group, those of `no_grad` last.
        """
        outputs = super().logits(*images, no_grad=no_grad)
        if self.class_prior is None or not no_grad:
            return outputs
        self._used_options.add("logit_adjustment")
        shift = self.class_prior.of_every()
        return (*(group.float() + shift for group in outputs[: len(images)]), *outputs[len(images) :])

    def align(self, logits: Tensor, label: Tensor) -> Tensor:
        """Shifts logits of unlabeled images so that their softmax is q.

        Args:
            logits: (uB, K), of the views that targets are made of.
            label: Classes of the step's labeled images, (B,) int64.

        Returns:
            (uB, K), without gradient; the logits as they are with alignment='off' and no logit adjustment.
        """
        if self.class_prior is not None:
            logits = logits.detach().float()
            probability = (logits + self.class_prior.of_unlabeled()).softmax(-1)
            self.class_prior.update(self.gather_across_ranks(probability), self.gather_across_ranks(label))
            logits = logits + self.class_prior.of_unlabeled()
        if self.aligner is None:
            return logits
        logits = logits.detach().float()
        self.aligner.update(self.gather_across_ranks(logits.softmax(-1)), self.gather_across_ranks(label))
        return logits + self.aligner.shift()

    def _refuse_unused_options(self) -> None:
        super()._refuse_unused_options()
        if self.class_prior is not None and "logit_adjustment" not in self._used_options:
            raise SemisupError(f"method.logit_adjustment has no effect in {type(self).__name__}; leave it out.")


@enforce_ranges
class Aligner(nn.Module):
    """The state of distribution alignment, in buffers.

    Args:
        classes: K.
        alignment: As in AlignedMethod, but not 'off'.

    Raises:
        SemisupError: If `classes` is None, or `alignment` lists another number of classes.
    """

    mean: Tensor  # (K,), of the predictions
    labels: Tensor  # (K,), how many labels of each class were seen
    prior: Tensor  # (K,)
    steps: Tensor

    def __init__(self, classes: int | None, alignment: Alignment) -> None:
        super().__init__()
        if classes is None:
            raise SemisupError(f"method.alignment={alignment} needs the number of classes: give classes=K.")
        given = None if isinstance(alignment, str) else torch.tensor(alignment, dtype=torch.float32)
        if given is not None and len(given) != classes:
            raise SemisupError(f"method.alignment lists {len(given)} classes, and the data has {classes}.")
        self.follows_labels = alignment == "labeled"
        uniform = torch.full((classes,), 1 / classes)
        self.register_buffer("mean", uniform.clone())
        self.register_buffer("labels", torch.zeros(classes))
        self.register_buffer("prior", uniform if given is None else given / given.sum())
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def update(self, probability: Tensor, label: Tensor) -> None:
        """Moves the averages towards this step's.

        Args:
            probability: Predictions on unlabeled images, (uB, K), of all processes.
            label: Classes of labeled images, (B,) int64, of all processes.
        """
        self.mean.lerp_(probability.mean(0), 1 - torch.clamp((1 + self.steps) / (10 + self.steps), max=_DECAY))
        self.steps += 1
        if self.follows_labels:
            self.labels += F.one_hot(label, len(self.labels)).sum(0)
            self.prior.copy_((self.labels + 1) / (self.labels + 1).sum())  # one more of each: none is impossible

    def shift(self) -> Tensor:
        """log(prior / mean), (K,): what makes the softmax of logits norm(p · prior / mean)."""
        return self.prior.log() - self.mean.clamp_min(1e-6).log()
