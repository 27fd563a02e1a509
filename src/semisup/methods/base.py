"""What all methods share, so that a method's file holds its loss and nothing else."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from semisup.core.errors import SemisupError
from semisup.core.ranges import Fraction, Positive, enforce_ranges
from semisup.data.batch import Batch
from semisup.methods.class_weights import weights_of_classes
from semisup.methods.functional import Outputs, cross_entropy, weighted_cross_entropy
from semisup.methods.lightning_hooks import LightningHooks
from semisup.methods.optimizers import OptimizerConfig, adam
from semisup.methods.step_output import PseudoLabels, StepOutput
from semisup.models.batch_norm import batch_norms
from semisup.models.ema import EMA
from semisup.models.modes import evaluation_mode
from semisup.models.outputs import distribution_logits


@enforce_ranges
class Method(LightningHooks):
    """A way to learn from labeled and unlabeled images. A subclass writes `loss` and names the views that it needs.

    Ranges in a subclass's constructor, such as `threshold: Probability`, are enforced.

    Attributes:
        views: The views of an unlabeled image that `loss` needs: weak, strong, plain, weak_2, ...
        labeled_view: The view of a labeled image.
        more_labeled_views: Further views of a labeled image, which the batch has by their names.
        uses_pseudo_label_targets: Whether `loss` reads a labeler's `target` and `weight` from the unlabeled batch.
        parts: Attributes, such as `network` and `teacher`, each of which has an optimizer of its own. `loss` then calls
            `minimize` for each of them, and the loss that it returns is logged only.
        outputs: What makes probabilities of the network's logits: softmax, or sigmoid.
        step: The number of the batch, from 0.
        progress: The share of the training that is done, from 0 to 1.

    Args:
        network: Maps images (N, C, H, W), or rows (N, D), to logits (N, K).
        optimizer: How the network is optimized; None = Adam with its defaults.
        ema: Decay of the moving average of the weights, which is what is evaluated; 0 evaluates the network itself.
        label_smoothing: The share of a labeled image's target that is spread over all classes.
        class_weights: The weight of each class in the loss of the labeled images; 'balanced' is inversely proportional
            to the number of its labels; None is 1 for each.
        targets_from: What predicts the views of `logits(..., no_grad=...)`, of which targets are made: 'training' is
            the network as it trains; 'evaluation' is the network in evaluation mode, without dropout; 'ema' is the
            moving average.

    Raises:
        SemisupError: If targets are from the moving average, and there is none.
    """

    views: tuple[str, ...] = ()
    labeled_view: ClassVar[str] = "weak"
    more_labeled_views: ClassVar[tuple[str, ...]] = ()
    uses_pseudo_label_targets: ClassVar[bool] = False
    parts: ClassVar[tuple[str, ...]] = ()
    outputs: Outputs = "softmax"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        enforce_ranges(cls)

    def __init__(
        self,
        network: nn.Module,
        *,
        optimizer: OptimizerConfig | None = None,
        ema: Fraction = 0.999,
        label_smoothing: Fraction = 0.0,
        class_weights: Literal["balanced"] | Sequence[Positive] | None = None,
        targets_from: Literal["training", "evaluation", "ema"] = "training",
    ) -> None:
        super().__init__()
        if targets_from == "ema" and not ema:
            raise SemisupError("method.targets_from=ema needs the moving average: method.ema must be above 0.")
        self.network = network.to(memory_format=torch.channels_last)
        self.optimizer = optimizer or adam()
        self.ema = EMA(self.network, ema) if ema else None
        self.detector: nn.Module | None = None
        self.detector_ema: EMA | None = None
        self.label_smoothing, self.class_weights, self.targets_from = label_smoothing, class_weights, targets_from
        self.automatic_optimization = not self.parts
        self.step, self.progress = 0, 0.0
        self.predict_outputs: tuple[str, ...] = ("logits",)  # or features, or both, for a labeler
        self.eval_outputs: dict[str, Tensor] = {}  # logits, label, index and unknown of the last evaluation's images
        self._outputs: list[tuple[Tensor, ...]] = []
        self._used_options: set[str] = set()

    @abstractmethod
    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        """The loss of one step.

        Args:
            labeled: `image` (B, ...) float32, in `labeled_view`, and `label` (B,) int64; also a tensor for
                each of `more_labeled_views`.
            unlabeled: A tensor (uB, ...) float32 for each name in `views`, and `index` (uB,) int64, the place of each
                image in the data set. Empty for a method without views.

        Returns:
            The loss, the terms to be logged, and the pseudo-labels that the step used, if any.
        """

    def logits(self, *images: Tensor, no_grad: tuple[Tensor, ...] = ()) -> tuple[Tensor, ...]:
        """Logits of several groups of images.

        With batch norm, all groups go through one forward pass, or its statistics would differ by group. A network
        without it takes the images that need no gradient apart: the same logits, and no backward pass through them.
        They go apart, too, if `targets_from` is not 'training'.

        Args:
            images: Groups of views, (n_i, ...) float32 each.
            no_grad: Groups through whose logits no gradient flows.

        Returns:
            Logits (n_i, K) of each group, those of `no_grad` last.
        """
        if not no_grad:
            return tuple(self.network(torch.cat(images)).split([len(group) for group in images]))
        self._used_options.add("targets_from")
        if self.targets_from == "training" and batch_norms(self.network):
            together = (*images, *no_grad)
            outputs = self.network(torch.cat(together)).split([len(group) for group in together])
            return (*outputs[: len(images)], *(group.detach() for group in outputs[len(images) :]))
        with torch.no_grad():
            targets = self._target_logits(torch.cat(no_grad)).split([len(group) for group in no_grad])
        return (*self.logits(*images), *targets)

    def supervised_loss(self, logits: Tensor, label: Tensor) -> Tensor:
        """The mean cross-entropy of labeled images, with `label_smoothing` and `class_weights`.

        With weights, labels that are classes have the weighted mean, Σ w(y) H(y, p) / Σ w(y). With sigmoid outputs, the
        loss of classes is the binary cross-entropy, summed over the K outputs, and without these options.

        Args:
            logits: (B, K), any float type.
            label: Classes, (B,) int64, or probabilities, (B, K).

        Returns:
            A float32 scalar.
        """
        if self.outputs == "sigmoid":
            return weighted_cross_entropy(logits, PseudoLabels(label, torch.ones_like(label).float()), self.outputs)
        self._used_options |= {"label_smoothing", "class_weights"}
        weights = self._class_weights(logits) if self.class_weights is not None else None
        return cross_entropy(logits, label, self.label_smoothing, weights)

    def gather_across_ranks(self, x: Tensor) -> Tensor:
        """The rows of all processes, in the same order in each of them.

        Statistics of a batch are taken over these, so that several devices keep the same state as one.

        Args:
            x: The rows of this process, (n, ...).

        Returns:
            (processes * n, ...); `x` itself where there is one process.
        """
        if self._trainer is None or self.trainer.world_size == 1:
            return x
        gathered: Any = self.all_gather(x)  # (processes, n, ...)
        rows: Tensor = gathered.flatten(0, 1)
        return rows

    def sum_across_ranks(self, x: Tensor) -> Tensor:
        """The sum over all processes.

        Args:
            x: Of this process. Its gradient is taken as often as the mean of the processes' gradients divides it.

        Returns:
            The same in each process, of the shape of `x`.
        """
        everyone = self.gather_across_ranks(x.detach()[None])
        return everyone.sum(0) + len(everyone) * (x - x.detach())

    def after_step(self) -> None:
        """Called after each step of the optimizer. A method with state of its own extends it."""
        if self.ema is not None:
            self.ema.update(self.network, self.step + 1)
        if self.detector_ema is not None and self.detector is not None:
            self.detector_ema.update(self.detector, self.step + 1)

    def set_detector(self, detector: nn.Module) -> None:
        """Gives the method a detector of unknown classes, which `loss` trains; it is averaged like the network.

        Args:
            detector: Maps features (N, D) and logits (N, K) to how likely an image is of no class, (N,) from 0 to 1.
        """
        self.detector = detector
        self.detector_ema = EMA(detector, self.ema.decay) if self.ema is not None else None

    def part_optimizer(self, part: str) -> OptimizerConfig:
        """How one of `parts` is optimized. A method overrides it to give its parts different rates.

        Args:
            part: Its name.

        Returns:
            The config that the user chose.
        """
        return self.optimizer

    @property
    def eval_network(self) -> nn.Module:  # type: ignore[override]
        """The network that is evaluated, predicted with and exported: the moving average where there is one."""
        return self.network if self.ema is None else self.ema.network

    @property
    def eval_detector(self) -> nn.Module | None:  # type: ignore[override]
        """The detector that is evaluated and predicted with: the average where there is one; None without any."""
        return self.detector if self.detector_ema is None else self.detector_ema.network

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, K) of the network that is evaluated; their softmax is what it predicts."""
        return distribution_logits(self.eval_network(image), self.outputs)

    def load_weights_from(self, other: "Method") -> None:
        """Copies the weights of another method's `eval_network`, to train them further.

        Args:
            other: A method whose network has the same layers.
        """
        for target in (self.network, *([self.ema.network] if self.ema else [])):
            target.load_state_dict(other.eval_network.state_dict())

    def _target_logits(self, image: Tensor) -> Tensor:
        if self.targets_from == "training":
            return self.network(image)
        network = self.eval_network if self.targets_from == "ema" else self.network
        with evaluation_mode(network):
            return network(image)

    def _class_weights(self, logits: Tensor) -> Tensor:
        """(K,) float32."""
        assert self.class_weights is not None
        data = getattr(self.trainer, "datamodule", None) if self.class_weights == "balanced" else None
        self.class_weights = weights_of_classes(self.class_weights, logits.shape[-1], data)
        return torch.tensor(self.class_weights, dtype=torch.float32, device=logits.device)

    def _refuse_unused_options(self) -> None:
        """An option of this class that the subclass's `loss` has not used in its first step."""
        neutral = {"label_smoothing": 0, "class_weights": None, "targets_from": "training"}
        for option in sorted(neutral.keys() - self._used_options):
            if (value := getattr(self, option)) != neutral[option]:
                raise SemisupError(f"method.{option}={value} has no effect in {type(self).__name__}; leave it out.")
