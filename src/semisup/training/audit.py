"""How good the pseudo-labels really are, from the hidden labels, which live only here.

Lightning hands callbacks the trainer and the module, and never the other way round: a method cannot reach the audit's
truth. A test scrambles it and finds every number of the training unchanged.
"""

from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from numpy.typing import NDArray
from torch import Tensor

from semisup.core.distributed import rank
from semisup.labelers.inputs import Labels
from semisup.methods.step_output import PseudoLabels
from semisup.metrics.calibration import BINS, calibration_bins, calibration_error


class Audit(Callback):
    """Counts, over the steps between two evaluations, how many pseudo-labels were used and how many were right.

    truth: (N,) int64 over the store's images: the class of each unlabeled image, -1 elsewhere and where nobody knows.
    Labeled images in the unlabeled stream are therefore not counted. every: steps between two readings.

    A reading holds `coverage` (the share of images with a weight above 0), `accuracy` (of those, weighted),
    `calibration_error` (of the confidence of all images, used or not) and both per class.
    """

    def __init__(self, truth: NDArray[Any], classes: tuple[str, ...], every: int) -> None:
        self.truth = torch.from_numpy(truth)
        self.classes, self.every = classes, every
        self.last_report: dict[str, Any] | None = None
        self.per_class = torch.zeros(len(classes), 4)  # images, used, weight, weight of the right ones
        self.bins = torch.zeros(BINS, 3)  # images, right ones, confidence
        self.trainer: Trainer | None = None

    def on_fit_start(self, trainer: Trainer, pl_module: Any) -> None:
        self.trainer, device = trainer, pl_module.device
        self.truth, self.per_class, self.bins = (t.to(device) for t in (self.truth, self.per_class, self.bins))

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        pseudo_labels: PseudoLabels | None = outputs["pseudo_labels"]
        if pseudo_labels is not None:
            self.update(pseudo_labels, self.truth[batch["unlabeled"].index])
        step = trainer.global_step
        if step % self.every == 0 or step == trainer.max_steps:
            self.compute(self._over_all_processes())
            if curves := self.curves():
                for logger in trainer.loggers:
                    logger.log_metrics(curves, step=step - 1)  # Lightning counts steps from 0

    def update(self, labels: PseudoLabels, truth: Tensor) -> None:
        """Adds one step's pseudo-labels. truth: (uB,), -1 = not counted. No host sync."""
        assert labels.confidence is not None  # every method that makes pseudo-labels in a step says how confident it is
        known = (truth >= 0).float()
        hit = (labels.target == truth).float()
        weight = labels.weight * known
        columns = torch.stack([known, (weight > 0).float(), weight, weight * hit], dim=-1)  # (uB, 4)
        self.per_class.index_add_(0, truth.clamp_min(0), columns)
        self.bins += calibration_bins(labels.confidence, hit, known)

    def compute(self, counts: tuple[Tensor, Tensor]) -> None:
        """Reports what was counted since the last report, None if no known image was; starts again at zero."""
        per_class, bins = counts
        self.per_class.zero_()
        self.bins.zero_()
        self.last_report = None
        if not per_class[:, 0].sum():
            return
        self.last_report = {
            **_shares(per_class.sum(0)),
            "calibration_error": calibration_error(bins),
            "per_class": {name: _shares(row) for name, row in zip(self.classes, per_class, strict=True)},
        }

    def curves(self) -> dict[str, float]:
        """The last reading, flat, under the names it is logged by."""
        if self.last_report is None:
            return {}
        flat = {k: v for k, v in self.last_report.items() if k != "per_class"}
        for name, shares in self.last_report["per_class"].items():
            flat |= {f"{k}/{name}": v for k, v in shares.items()}
        return {f"pseudo_labels/{k}": v for k, v in flat.items() if v is not None}

    def state_dict(self) -> dict[str, Any]:
        per_class, bins = self._over_all_processes()
        return {"per_class": per_class, "bins": bins, "reading": self.last_report}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.last_report = state["reading"]
        if rank() == 0:  # what all processes had counted goes on in one of them
            self.per_class, self.bins = state["per_class"], state["bins"]

    def _over_all_processes(self) -> tuple[Tensor, Tensor]:
        per_class, bins = self.per_class.clone(), self.bins.clone()
        if self.trainer is not None:
            per_class, bins = (self.trainer.strategy.reduce(t, reduce_op="sum") for t in (per_class, bins))
        return per_class.cpu(), bins.cpu()


def pseudo_label_metrics(
    labels: Labels, truth: NDArray[Any], classes: tuple[str, ...], before: Labels | None = None
) -> dict[str, Any]:
    """How good a round's pseudo-labels are. truth: (N,) the images' classes, -1 where nobody knows them.

    Images without any confidence have no label, as those of which a file has no row. Without any truth: `images`,
    `kept` (how many), `coverage` (their share) and, where there was a round before, `agreement` (the share of the
    images with a label, kept or not, that have the same class as before) and `changed` (the share that has another
    class or is kept now and was not, or the other way round, of those kept in either round).
    With truth, of the images that have one: `accuracy` (of the kept, weighted), `accuracy_of_all` (kept or not),
    `calibration_error` and both shares per class, as in the audit of a step.
    """
    kept, predicted = labels.weight > 0, labels.classes
    said = kept | (labels.confidence > 0)
    figures: dict[str, Any] = {"images": len(kept), "kept": int(kept.sum()), "coverage": float(kept.mean())}
    figures |= {"agreement": None, "changed": None}
    if before is not None:
        same, kept_before = predicted == before.classes, before.weight > 0
        either, both = kept | kept_before, said & (kept_before | (before.confidence > 0))
        figures["agreement"] = float(same[both].mean()) if both.any() else None
        figures["changed"] = float((~same | (kept != kept_before))[either].mean()) if either.any() else 0.0
    known = torch.from_numpy(truth)
    audit = Audit(truth, classes, every=1)
    columns = (torch.from_numpy(column) for column in (predicted, labels.weight, labels.confidence))
    audit.update(PseudoLabels(*columns), known)
    audit.compute((audit.per_class.clone(), audit.bins.clone()))
    hits = (predicted == truth)[said & (truth >= 0)]
    return figures | {"accuracy": None, "accuracy_of_all": float(hits.mean()) if len(hits) else None} | _of(audit)


def _of(audit: Audit) -> dict[str, Any]:
    """A reading without its coverage, which is that of the images whose class is known."""
    return {key: value for key, value in (audit.last_report or {}).items() if key != "coverage"}


def _shares(counts: Tensor) -> dict[str, float | None]:
    images, used, weight, right = counts.tolist()
    return {"accuracy": right / weight if weight else None, "coverage": used / images if images else None}
