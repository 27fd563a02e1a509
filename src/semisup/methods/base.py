"""What all methods share, so that a method's file holds its loss and nothing else."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from semisup.data.batch import Batch
from semisup.ema import EMA
from semisup.evaluation import scores
from semisup.optimizers import Recipe, adam

Loss = tuple[Tensor, Mapping[str, Tensor | float]]


class PseudoLabels(NamedTuple):
    """What a step trained its unlabeled images on. target, weight, confidence: (uB,)."""

    target: Tensor
    weight: Tensor
    confidence: Tensor


class Method(LightningModule):
    """A way to learn from labeled and unlabeled images. A subclass writes `loss` and names the views it wants.

    network: (N, C, H, W) -> logits (N, K). optimizer: a recipe. ema: decay of the moving average that is evaluated;
    0 evaluates the network itself.
    """

    views: ClassVar[tuple[str, ...]] = ()  # of an unlabeled image: weak, strong, plain, weak_2, ...
    labeled_view: ClassVar[str] = "weak"
    reads_targets: ClassVar[bool] = False  # whether `loss` takes a labeler's target and weight from the unlabeled batch

    def __init__(self, network: nn.Module, *, optimizer: Recipe | None = None, ema: float = 0.999) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)
        self.optimizer = optimizer or adam()
        self.average = EMA(self.network, ema) if ema else None
        self.progress = 0.0  # the share of the training that is done
        self.pseudo_labels: PseudoLabels | None = None
        self.predicts: tuple[str, ...] = ("logits",)  # or features, or both: what is said of images between two rounds
        self.evaluated: dict[str, Tensor] = {}  # logits, label and index of the last evaluation's images
        self._outputs: list[tuple[Tensor, Tensor, Tensor]] = []

    @abstractmethod
    def loss(self, labeled: Batch, unlabeled: Batch) -> Loss:
        """The loss of a step, and its terms to be logged. `unlabeled` is empty for a method without views."""

    def logits(self, *images: Tensor, without_graph: tuple[Tensor, ...] = ()) -> tuple[Tensor, ...]:
        """Logits of each group of images; those of `without_graph` come last and carry no gradient.

        With batch norm, all go through one forward pass, or its statistics would differ by group. A network without it
        takes the images that need no gradient apart: the same logits, and no backward pass through them.
        """
        together = (*images, *without_graph)
        sizes = [len(group) for group in together]
        if not without_graph or self._has_batch_norm():
            outputs = self.network(torch.cat(together)).split(sizes)
        else:
            with torch.no_grad():
                apart = self.network(torch.cat(without_graph)).split(sizes[len(images) :])
            outputs = (*self.network(torch.cat(images)).split(sizes[: len(images)]), *apart)
        return (*outputs[: len(images)], *(group.detach() for group in outputs[len(images) :]))

    def uses(self, target: Tensor, weight: Tensor, logits: Tensor) -> None:
        """Says which pseudo-labels this step uses, for the audit to measure. target, weight: (uB,); logits: (uB, K)."""
        confidence = logits.detach().float().softmax(-1).amax(-1)
        self.pseudo_labels = PseudoLabels(target.detach(), weight.detach(), confidence)

    def over_processes(self, x: Tensor) -> Tensor:
        """The rows (n, ...) of all processes, in one order for all; of a single process, the rows themselves.

        Statistics of a batch are taken over this, so that several devices keep the same state as one.
        """
        if self._trainer is None or self.trainer.world_size == 1:
            return x
        gathered: Any = self.all_gather(x)  # (processes, n, ...)
        rows: Tensor = gathered.flatten(0, 1)
        return rows

    def after_step(self) -> None:
        """Called when the optimizer has stepped; a method with state of its own extends it."""
        if self.average is not None:
            self.average.update(self.network, self.trainer.global_step + 1)  # Lightning has not counted it yet

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, K) of the network that is evaluated: the moving average where there is one."""
        return self.network(image) if self.average is None else self.average(image)

    def start_from(self, other: "Method") -> None:
        """Takes over the weights of another method's evaluated network, of the same form, to train them further."""
        source = other.network if other.average is None else other.average.network
        for target in (self.network, *([self.average.network] if self.average else [])):
            target.load_state_dict(source.state_dict())

    # What follows is Lightning's; a method leaves it alone.

    def training_step(self, batch: dict[str, Batch], batch_idx: int) -> Tensor:
        self.progress = self.trainer.global_step / self.trainer.max_steps
        loss, terms = self.loss(batch["labeled"], batch.get("unlabeled", Batch()))
        # Lightning gives this to its trainer where mypy does not see it
        if (self.trainer.global_step + 1) % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            self._log({"loss": loss, **terms})
        return loss

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        # Here and not in on_train_batch_end, which comes after the callbacks' and so after a checkpoint is written.
        super().optimizer_step(*args, **kwargs)
        self.after_step()

    def configure_optimizers(self) -> Any:
        optimizer, total = self.optimizer.optimizer(self.network), self.trainer.max_steps
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
        if "features" in self.predicts:
            network: Any = self.network if self.average is None else self.average.network
            said["features"] = network.features(batch.image).float()
        if "logits" in self.predicts:
            said["logits"] = self(batch.image).float()
        return {key: value.cpu() for key, value in said.items()}

    def _evaluate(self, what: str) -> None:
        logits, label, index = (torch.cat(column) for column in zip(*self._outputs, strict=True))
        self._outputs.clear()
        self.evaluated = {"logits": logits, "label": label, "index": index}
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
