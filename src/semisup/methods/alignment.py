"""Alignment, logit adjustment and rewards: options of the methods whose targets are thresholded predictions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.errors import SemisupError
from semisup.core.ranges import NonNegative, Positive, Probability, enforce_ranges
from semisup.methods.base import Method
from semisup.methods.class_prior import ClassPrior
from semisup.methods.heads import features_and_logits
from semisup.methods.rewarder import Rewarder, hard_target
from semisup.methods.step_output import PseudoLabels, StepOutput

Alignment = Literal["off", "uniform", "labeled", "estimated"] | Sequence[Positive]
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

    With `reward`, a Rewarder beside the network learns which pseudo-labels are good, and leaves the others out.

    Args:
        network: Maps views to logits (N, K).
        classes: K; the program supplies it.
        alignment: The prior: 'off' leaves the predictions as they are; 'uniform' is 1/K for each class; 'labeled' is
            the share of each class among the labeled images; 'estimated' is halfway between uniform and the mean of
            the aligned predictions; a list gives the share of each class.
        logit_adjustment: τ; 0 adjusts nothing.
        unlabeled_prior: π_u: 'labeled' is π of the labeled images; 'estimated' follows the predictions, as in SimPro.
        reward: The share of the training after which the Rewarder leaves out pseudo-labels; None for no Rewarder.
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
        reward: Probability | None = None,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.aligner = None if alignment == "off" else Aligner(classes, alignment)
        self.class_prior: ClassPrior | None = None
        if logit_adjustment:
            self.class_prior = ClassPrior(classes, logit_adjustment, unlabeled_prior == "estimated")
        elif unlabeled_prior != "labeled":
            raise SemisupError("method.unlabeled_prior has no effect without method.logit_adjustment; write =1.")
        self.reward, self.rewarder = reward, None if reward is None else self._make_rewarder(classes)
        self._given: tuple[Tensor, ...] = ()  # in this step: features of labeled and unlabeled images, and labels
        self._reward_error: Tensor | None = None

    def logits(self, *images: Tensor, no_grad: tuple[Tensor, ...] = ()) -> tuple[Tensor, ...]:
        """As of Method; with logit adjustment, the logits with a gradient are adjusted.

        Args:
            images: Groups of views, (n_i, ...) float32 each.
            no_grad: Groups through whose logits no gradient flows, which `align` gets.

        Returns:
            Logits (n_i, K) of each group, those of `no_grad` last.
        """
        compute = super().logits if self.rewarder is None else self._with_features
        outputs = compute(*images, no_grad=no_grad)
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
        self._given = (*self._given[:2], label)
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

    def keep(self, labels: PseudoLabels) -> PseudoLabels:
        """With `reward`, leaves out pseudo-labels, and notes what the Rewarder learns by in this step.

        Args:
            labels: Of the images whose logits `align` got.

        Returns:
            The same without `reward`.
        """
        if self.rewarder is None or self.reward is None:
            return labels
        self._used_options.add("reward")
        of_labeled, of_unlabeled, label = self._given
        error = self.rewarder.error(of_labeled, label, torch.ones_like(label))
        if self.progress >= self.reward:
            labels = self.rewarder.keep(of_unlabeled, labels)
            error = error + self.rewarder.error(of_unlabeled, hard_target(labels), labels.weight)
        self._reward_error = error
        return labels

    def combined(self, output: StepOutput) -> StepOutput:
        """The output of `loss`, with the loss of the Rewarder if there is one.

        Args:
            output: Of this step.

        Returns:
            What the optimizer minimizes.
        """
        if (error := self._reward_error) is None:
            return output
        self._reward_error = None
        return replace(output, loss=output.loss + error, terms={**output.terms, "reward": error.detach()})

    def _make_rewarder(self, classes: int | None) -> Rewarder:
        if classes is None:
            raise SemisupError("method.reward needs the number of classes: give classes=K.")
        if self.targets_from != "training":
            raise SemisupError("method.reward reads the network in training: leave out method.targets_from.")
        return Rewarder(self.network, classes)

    def _with_features(self, *images: Tensor, no_grad: tuple[Tensor, ...] = ()) -> tuple[Tensor, ...]:
        """As `logits`, and notes the features of the labeled and of the target's view."""
        pairs = features_and_logits(self.network, *images, *no_grad)
        self._given = (pairs[0][0].detach(), pairs[-1][0].detach())
        outputs = tuple(logits for _, logits in pairs)
        return (*outputs[: len(images)], *(logits.detach() for logits in outputs[len(images) :]))

    def _refuse_unused_options(self) -> None:
        super()._refuse_unused_options()
        if self.rewarder is not None and "reward" not in self._used_options:
            raise SemisupError(f"method.reward has no effect in {type(self).__name__}; leave it out.")
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
    aligned: Tensor  # (K,), the mean of the aligned predictions; with alignment='estimated'
    steps: Tensor

    def __init__(self, classes: int | None, alignment: Alignment) -> None:
        super().__init__()
        if classes is None:
            raise SemisupError(f"method.alignment={alignment} needs the number of classes: give classes=K.")
        given = None if isinstance(alignment, str) else torch.tensor(alignment, dtype=torch.float32)
        if given is not None and len(given) != classes:
            raise SemisupError(f"method.alignment lists {len(given)} classes, and the data has {classes}.")
        self.follows_labels, self.estimates = alignment == "labeled", alignment == "estimated"
        uniform = torch.full((classes,), 1 / classes)
        self.register_buffer("mean", uniform.clone())
        self.register_buffer("labels", torch.zeros(classes))
        self.register_buffer("prior", uniform if given is None else given / given.sum())
        if self.estimates:
            self.register_buffer("aligned", uniform.clone())
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def update(self, probability: Tensor, label: Tensor) -> None:
        """Moves the averages towards this step's.

        Args:
            probability: Predictions on unlabeled images, (uB, K), of all processes.
            label: Classes of labeled images, (B,) int64, of all processes.
        """
        rate = 1 - torch.clamp((1 + self.steps) / (10 + self.steps), max=_DECAY)
        self.mean.lerp_(probability.mean(0), rate)
        self.steps += 1
        if self.follows_labels:
            self.labels += F.one_hot(label, len(self.labels)).sum(0)
            self.prior.copy_((self.labels + 1) / (self.labels + 1).sum())  # one more of each: none is impossible
        if self.estimates:
            self.aligned.lerp_((probability.log() + self.shift()).softmax(-1).mean(0), rate)
            self.prior.copy_((self.aligned + 1 / len(self.prior)) / 2)  # the uniform half keeps classes from dying out

    def shift(self) -> Tensor:
        """log(prior / mean), (K,): what makes the softmax of logits norm(p · prior / mean)."""
        return self.prior.log() - self.mean.clamp_min(1e-6).log()
