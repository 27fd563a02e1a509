"""The steps of a training and of an evaluation, as Lightning calls them. A method's file needs none of it."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn

from semisup.core.errors import SemisupError
from semisup.data.batch import Batch
from semisup.methods.optimizers import OptimizerConfig
from semisup.methods.step_output import StepOutput
from semisup.metrics.classification import scores
from semisup.models.detection import logits_and_unknown
from semisup.models.outputs import Outputs


class LightningHooks(LightningModule):
    """What Lightning asks of a method. The unit is the step: one batch, however many optimizers it has.

    Lightning counts the steps of optimizers. In a method with several optimizers this class corrects its count, so that
    the length, schedules, evaluations, curves, seeds and checkpoints of a training are in batches for every method.
    """

    optimizer: OptimizerConfig
    parts: ClassVar[tuple[str, ...]] = ()
    # Set by the trainer of a method that steps its optimizers here; Lightning clips for the others.
    gradient_clip_val: float | None = None
    micro_batches: int = 1
    eval_network: nn.Module
    eval_detector: nn.Module | None
    outputs: Outputs
    loss: Callable[[Batch, Batch], StepOutput]
    after_step: Callable[[], None]
    part_optimizer: Callable[[str], OptimizerConfig]
    _refuse_unused_options: Callable[[], None]
    step: int
    progress: float
    predict_outputs: tuple[str, ...]
    eval_outputs: dict[str, Tensor]
    _outputs: list[tuple[Tensor, ...]]

    def training_step(self, batch: dict[str, Batch], batch_idx: int) -> dict[str, Any]:
        self.step = self.trainer.global_step
        self.progress = self.step / self.trainer.max_steps
        labeled, unlabeled = batch["labeled"], batch.get("unlabeled", Batch())
        compute = self._combined_loss if self.micro_batches == 1 else self._accumulate
        output = compute(labeled, unlabeled)
        self._refuse_unused_options()
        # Lightning gives this to its trainer where mypy does not see it
        if (self.step + 1) % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            self._log({"loss": output.loss, **output.terms})
        if not self.automatic_optimization:
            self._end_step()
        return {"loss": output.loss, "pseudo_labels": output.pseudo_labels}  # which callbacks get

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        # Here and not in on_train_batch_end, which comes after the callbacks' and so after a checkpoint is written.
        super().optimizer_step(*args, **kwargs)
        if self.automatic_optimization:
            self.after_step()

    def combined(self, output: StepOutput) -> StepOutput:
        """The output of `loss` with what the method combines with it, such as the loss of a network beside it.

        Args:
            output: Of this step.

        Returns:
            What the optimizer minimizes.
        """
        return output

    def minimize(self, part: str, loss: Tensor) -> None:
        """Takes one step of the optimizer of a part: gradient, clipping, update.

        Args:
            part: One of `parts`. The gradients of its parameters are of this loss alone.
            loss: A scalar.
        """
        optimizer = self._optimizers()[self.parts.index(part)]
        optimizer.zero_grad()
        self.manual_backward(loss)
        self._clip_and_step(optimizer)

    def configure_optimizers(self) -> Any:
        if not self.parts:
            options = {"interval": "step"} if self.automatic_optimization else {}
            return self._scheduled(self.optimizer, self, **options)
        modules: dict[str, nn.Module] = {part: getattr(self, part) for part in self.parts}
        trained = {id(p) for module in modules.values() for p in module.parameters()}
        for name, parameter in self.named_parameters():
            if parameter.requires_grad and id(parameter) not in trained:
                raise SemisupError(
                    f"{type(self).__name__}: no part has the parameter {name}, so nothing would train it."
                )
        return [self._scheduled(self.part_optimizer(part), module) for part, module in modules.items()]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["eval_network"] = self._name_of_eval_network()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        logits, unknown = logits_and_unknown(self.eval_network, self.eval_detector, batch.image, self.outputs)
        self._outputs.append((logits, batch.label, batch.index, unknown))

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

    def _end_step(self) -> None:
        """What Lightning does for a method with one optimizer: schedules, and the count of the steps."""
        schedules: Any = self.lr_schedulers() or []
        for schedule in schedules if isinstance(schedules, list) else [schedules]:
            schedule.step()
        self.after_step()
        count = self.trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress.total
        count.ready = count.completed = self.step + 1

    def _combined_loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        return self.combined(self.loss(labeled, unlabeled))

    def _accumulate(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        """One step on a batch that goes through the network in parts, one after the other."""
        (optimizer,) = self._optimizers()
        optimizer.zero_grad()
        outputs = []
        parts = zip(*(batch.divide(self.micro_batches) for batch in (labeled, unlabeled)), strict=True)
        for part in parts:
            output = self._combined_loss(*part)
            self.manual_backward(output.loss / self.micro_batches)
            outputs.append(output)
        self._clip_and_step(optimizer)
        return StepOutput.mean(outputs)

    def _clip_and_step(self, optimizer: LightningOptimizer) -> None:
        if self.gradient_clip_val is not None:
            self.clip_gradients(optimizer.optimizer, self.gradient_clip_val, "norm")
        optimizer.step()

    def _optimizers(self) -> list[LightningOptimizer]:
        optimizers: Any = self.optimizers()
        return optimizers if isinstance(optimizers, list) else [optimizers]

    def _scheduled(self, config: OptimizerConfig, module: nn.Module, **options: Any) -> dict[str, Any]:
        optimizer, total = config.optimizer(module), self.trainer.max_steps
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": config.scheduler(optimizer, total), **options}}

    def _name_of_eval_network(self) -> str:
        found = [name for name, module in self.named_modules() if module is self.eval_network]
        if not found:
            raise SemisupError(
                f"{type(self).__name__}.eval_network is not a module of the method, so that a checkpoint lacks it; "
                "make it an attribute."
            )
        return found[0]

    def _evaluate(self, what: str) -> None:
        logits, label, index, unknown = (torch.cat(column) for column in zip(*self._outputs, strict=True))
        self._outputs.clear()
        self.eval_outputs = {"logits": logits, "label": label, "index": index, "unknown": unknown}
        of_class = label >= 0
        self.log_dict({f"{what}/{name}": v for name, v in scores(logits[of_class], label[of_class]).items()})

    def _log(self, terms: Mapping[str, Tensor | float]) -> None:
        # At once and not through self.log, which writes after the step's checkpoint, and costs time at every step.
        values = torch.stack([torch.as_tensor(v, device=self.device).detach().float() for v in terms.values()])
        means = self.trainer.strategy.reduce(values, reduce_op="mean").tolist()
        names = ["train/lr", *(f"train/lr_{part}" for part in self.parts[1:])]
        rates = {n: o.param_groups[0]["lr"] for n, o in zip(names, self.trainer.optimizers, strict=False)}
        for logger in self.trainer.loggers:
            logger.log_metrics({f"train/{k}": m for k, m in zip(terms, means, strict=True)} | rates, self.step)
