"""What all methods share, so that a method's file holds its loss and nothing else."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from semisup.core.ranges import Fraction, enforce_ranges
from semisup.data.batch import Batch
from semisup.methods.optimizers import OptimizerConfig, adam
from semisup.methods.step_output import StepOutput
from semisup.metrics.classification import scores
from semisup.models.ema import EMA


@enforce_ranges
class Method(LightningModule):
    """A way to learn from labeled and unlabeled images. A subclass writes `loss` and names the views that it needs.

    Ranges in a subclass's constructor, such as `threshold: Probability`, are enforced.

    Attributes:
        views: The views of an unlabeled image that `loss` needs: weak, strong, plain, weak_2, ...
        labeled_view: The view of a labeled image.
        uses_pseudo_label_targets: Whether `loss` reads a labeler's `target` and `weight` from the unlabeled batch.
        progress: The share of the training that is done, from 0 to 1.

    Args:
        network: Maps images (N, C, H, W), or rows (N, D), to logits (N, K).
        optimizer: How the network is optimized; None = Adam with its defaults.
        ema: Decay of the moving average of the weights, which is what is evaluated; 0 evaluates the network itself.
    """

    views: tuple[str, ...] = ()
    labeled_view: ClassVar[str] = "weak"
    uses_pseudo_label_targets: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        enforce_ranges(cls)

    def __init__(self, network: nn.Module, *, optimizer: OptimizerConfig | None = None, ema: Fraction = 0.999) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)
        self.optimizer = optimizer or adam()
        self.ema = EMA(self.network, ema) if ema else None
        self.progress = 0.0
        self.predict_outputs: tuple[str, ...] = ("logits",)  # or features, or both, for a labeler
        self.eval_outputs: dict[str, Tensor] = {}  # logits, label and index of the images of the last evaluation
        self._outputs: list[tuple[Tensor, Tensor, Tensor]] = []

    @abstractmethod
    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        """The loss of one step.

        Args:
            labeled: `image` (B, ...) float32, in `labeled_view`, and `label` (B,) int64.
            unlabeled: A tensor (uB, ...) float32 for each name in `views`, and `index` (uB,) int64, the place of each
                image in the data set. Empty for a method without views.

        Returns:
            The loss, the terms to be logged, and the pseudo-labels that the step used, if any.
        """

    def logits(self, *images: Tensor, no_grad: tuple[Tensor, ...] = ()) -> tuple[Tensor, ...]:
        """Logits of several groups of images.

        With batch norm, all groups go through one forward pass, or its statistics would differ by group. A network
        without it takes the images that need no gradient apart: the same logits, and no backward pass through them.

        Args:
            images: Groups of views, (n_i, ...) float32 each.
            no_grad: Groups through whose logits no gradient flows.

        Returns:
            Logits (n_i, K) of each group, those of `no_grad` last.
        """
        together = (*images, *no_grad)
        sizes = [len(group) for group in together]
        if not no_grad or self._has_batch_norm():
            outputs = self.network(torch.cat(together)).split(sizes)
        else:
            with torch.no_grad():
                apart = self.network(torch.cat(no_grad)).split(sizes[len(images) :])
            outputs = (*self.network(torch.cat(images)).split(sizes[: len(images)]), *apart)
        return (*outputs[: len(images)], *(group.detach() for group in outputs[len(images) :]))

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

    def after_step(self) -> None:
        """Called after each step of the optimizer. A method with state of its own extends it."""
        if self.ema is not None:
            self.ema.update(self.network, self.trainer.global_step + 1)  # Lightning has not counted it yet

    @property
    def eval_network(self) -> nn.Module:
        """The network that is evaluated, predicted with and exported: the moving average where there is one."""
        return self.network if self.ema is None else self.ema.network

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, K) of the network that is evaluated."""
        logits: Tensor = self.eval_network(image)
        return logits

    def load_weights_from(self, other: "Method") -> None:
        """Copies the weights of another method's `eval_network`, to train them further.

        Args:
            other: A method whose network has the same layers.
        """
        for target in (self.network, *([self.ema.network] if self.ema else [])):
            target.load_state_dict(other.eval_network.state_dict())

    # What follows is Lightning's; a method leaves it alone.

    def training_step(self, batch: dict[str, Batch], batch_idx: int) -> dict[str, Any]:
        self.progress = self.trainer.global_step / self.trainer.max_steps
        output = self.loss(batch["labeled"], batch.get("unlabeled", Batch()))
        # Lightning gives this to its trainer where mypy does not see it
        if (self.trainer.global_step + 1) % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            self._log({"loss": output.loss, **output.terms})
        return {"loss": output.loss, "pseudo_labels": output.pseudo_labels}  # which callbacks get

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        # Here and not in on_train_batch_end, which comes after the callbacks' and so after a checkpoint is written.
        super().optimizer_step(*args, **kwargs)
        self.after_step()

    def configure_optimizers(self) -> Any:
        optimizer, total = self.optimizer.optimizer(self), self.trainer.max_steps
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: self.optimizer.factor(step, total))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self._outputs.append((self(batch.image).float(), batch.label, batch.index))

    def on_validation_epoch_end(self) -> None:
        self._evaluate("validation")

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        self.validation_step(batch, batch_idx)

    def on_test_epoch_end(self) -> None:
        self._evaluate("test")

    def predict_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        said = {"index": batch.index}
        if "features" in self.predict_outputs:
            network: Any = self.eval_network
            said["features"] = network.features(batch.image).float()
        if "logits" in self.predict_outputs:
            said["logits"] = self(batch.image).float()
        return {key: value.cpu() for key, value in said.items()}

    def _evaluate(self, what: str) -> None:
        logits, label, index = (torch.cat(column) for column in zip(*self._outputs, strict=True))
        self._outputs.clear()
        self.eval_outputs = {"logits": logits, "label": label, "index": index}
        self.log_dict({f"{what}/{name}": value for name, value in scores(logits, label).items()})

    def _log(self, terms: Mapping[str, Tensor | float]) -> None:
        # At once and not through self.log, which writes after the step's checkpoint, and costs time at every step.
        values = torch.stack([torch.as_tensor(v, device=self.device).detach().float() for v in terms.values()])
        means = self.trainer.strategy.reduce(values, reduce_op="mean").tolist()
        rate = {"train/lr": self.trainer.optimizers[0].param_groups[0]["lr"]}
        for logger in self.trainer.loggers:
            logger.log_metrics(
                {f"train/{k}": m for k, m in zip(terms, means, strict=True)} | rate, self.trainer.global_step
            )

    def _has_batch_norm(self) -> bool:
        return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in self.network.modules())
