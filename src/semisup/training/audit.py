"""How good the pseudo-labels really are, from the hidden labels, which are here only.

Lightning gives callbacks the trainer and the module, but gives the module no way to them: a method cannot reach the
audit's truth. A test scrambles the truth, and no number of the training changes.
"""

from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from numpy.typing import NDArray
from torch import Tensor

from semisup.core.distributed import rank
from semisup.data.store import OUTLIER
from semisup.labelers.inputs import Labels
from semisup.methods.step_output import PseudoLabels
from semisup.metrics.calibration import BINS, calibration_bins, calibration_error


class Audit(Callback):
    """Measures the pseudo-labels of the steps between two evaluations.

    Args:
        truth: The class of each unlabeled image of the store, (N,) int64; OUTLIER if it is of none of the K classes; -1
            for other images, and where nobody knows. Labeled images in the unlabeled stream are therefore not counted.
        classes: Names of the K classes.
        every: Steps between two reports.

    Attributes:
        last_report: None if no pseudo-label of an image of known class was made. Otherwise `coverage` (the share of
            images with a weight above 0), `accuracy` (of those, weighted), `calibration_error` (of all images, used
            or not) and `per_class`, which has coverage and accuracy by class. If there are outliers: `outlier_coverage`
            (the share of outliers with a weight above 0) and `outlier_share` (how many of the images with a weight
            above 0 are outliers). The other figures are of images of the K classes.
        last_use: What can be said without the truth, of all unlabeled images of these steps: `images`, `used` (the
            share with a weight above 0) and `by_class` (the share of each class among the used). None if no
            pseudo-label was made.
    """

    def __init__(self, truth: NDArray[Any], classes: tuple[str, ...], every: int) -> None:
        self.truth = torch.from_numpy(truth)
        self.classes, self.every = classes, every
        self.last_report: dict[str, Any] | None = None
        self.last_use: dict[str, Any] | None = None
        self.predicted = torch.zeros(len(classes), 2)  # images by the class of their pseudo-label, used ones
        self.per_class = torch.zeros(len(classes), 4)  # images, used ones, weight, weight of the correct ones
        self.bins = torch.zeros(BINS, 3)  # images, correct ones, sum of the confidences
        self.outliers = torch.zeros(2)  # images, used ones
        self.trainer: Trainer | None = None

    def on_fit_start(self, trainer: Trainer, pl_module: Any) -> None:
        self.trainer, device = trainer, pl_module.device
        self.truth, self.outliers = self.truth.to(device), self.outliers.to(device)
        self.per_class, self.bins = self.per_class.to(device), self.bins.to(device)
        self.predicted = self.predicted.to(device)

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        pseudo_labels: PseudoLabels | None = outputs["pseudo_labels"]
        if pseudo_labels is not None:
            self.update(pseudo_labels, self.truth[batch["unlabeled"].index])
        step = trainer.global_step
        if step % self.every == 0 or step == trainer.max_steps:
            self.compute()
            if curves := self._curves():
                for logger in trainer.loggers:
                    logger.log_metrics(curves, step=step - 1)  # Lightning counts steps from 0

    def update(self, labels: PseudoLabels, truth: Tensor) -> None:
        """Counts the pseudo-labels of one step, without waiting for the device.

        Args:
            labels: Of B images, with their confidence.
            truth: Their classes, (B,) int64; OUTLIER among them. -1 is not counted.
        """
        assert labels.confidence is not None  # a method that makes pseudo-labels in a step gives their confidence
        known = (truth >= 0).float()
        correct = (labels.target == truth).float()
        weight = labels.weight * known
        columns = torch.stack([known, (weight > 0).float(), weight, weight * correct], dim=-1)  # (B, 4)
        self.per_class.index_add_(0, truth.clamp_min(0), columns)
        used = (labels.weight > 0).float()
        self.predicted.index_add_(0, labels.target, torch.stack([torch.ones_like(used), used], dim=-1))
        self.bins += calibration_bins(labels.confidence, correct, known)
        outlier = (truth == OUTLIER).float()
        self.outliers += torch.stack([outlier.sum(), (outlier * used).sum()])

    def compute(self) -> None:
        """Makes the report of what all processes have counted since the last one, and starts again at zero."""
        per_class, bins, outliers, predicted = self._sum_over_processes()
        for counts in (self.per_class, self.bins, self.outliers, self.predicted):
            counts.zero_()
        self.last_report, self.last_use = None, _use(predicted, self.classes)
        if per_class[:, 0].sum():
            self.last_report = {
                **_shares(per_class.sum(0)),
                "calibration_error": calibration_error(bins),
                **_outlier_shares(outliers, per_class),
                "per_class": {name: _shares(row) for name, row in zip(self.classes, per_class, strict=True)},
            }

    def state_dict(self) -> dict[str, Any]:
        names = ("per_class", "bins", "outliers", "predicted")
        counts = dict(zip(names, self._sum_over_processes(), strict=True))
        return {**counts, "reading": self.last_report, "use": self.last_use}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.last_report, self.last_use = state["reading"], state.get("use")
        if rank() == 0:  # the sum over all processes continues in one of them
            self.per_class, self.bins = state["per_class"], state["bins"]
            self.outliers = state.get("outliers", self.outliers)  # older checkpoints have none
            self.predicted = state.get("predicted", self.predicted)

    def _curves(self) -> dict[str, float]:
        """The last report, flat, under the names that it is logged by."""
        if self.last_report is None:
            return {}
        flat = {key: value for key, value in self.last_report.items() if key != "per_class"}
        for name, shares in self.last_report["per_class"].items():
            flat |= {f"{key}/{name}": value for key, value in shares.items()}
        return {f"pseudo_labels/{key}": value for key, value in flat.items() if value is not None}

    def _sum_over_processes(self) -> list[Tensor]:
        counts = [counts.clone() for counts in (self.per_class, self.bins, self.outliers, self.predicted)]
        if self.trainer is not None:
            counts = [self.trainer.strategy.reduce(t, reduce_op="sum") for t in counts]
        return [t.cpu() for t in counts]


def pseudo_label_metrics(
    labels: Labels, truth: NDArray[Any], classes: tuple[str, ...], before: Labels | None = None
) -> dict[str, Any]:
    """How good a round's pseudo-labels are.

    An image whose weight and confidence are 0 has no label, such as one that has no row in a file.

    Args:
        labels: Of N images.
        truth: Their classes, (N,) int64, as of Audit.
        classes: Names of the K classes.
        before: The labels of the round before, of the same images.

    Returns:
        `images` (N), `kept` (how many) and `coverage` (their share). `agreement`: of the images with a label in both
        rounds, the share with the same class; None in the first round. `changed`: of the images that are kept in
        either round, the share with another class or kept in one of them only; None in the first round.
        Of the images of known class: `accuracy` (of the kept, weighted), `accuracy_of_all` (kept or not), and
        `calibration_error` and `per_class` as of Audit. Of outliers: as of Audit, if there are any.
    """
    kept, predicted = labels.weight > 0, labels.classes
    labeled = kept | (labels.confidence > 0)
    figures: dict[str, Any] = {"images": len(kept), "kept": int(kept.sum()), "coverage": float(kept.mean())}
    figures |= {"agreement": None, "changed": None}
    if before is not None:
        same, kept_before = predicted == before.classes, before.weight > 0
        either, both = kept | kept_before, labeled & (kept_before | (before.confidence > 0))
        figures["agreement"] = float(same[both].mean()) if both.any() else None
        figures["changed"] = float((~same | (kept != kept_before))[either].mean()) if either.any() else 0.0
    correct = (predicted == truth)[labeled & (truth >= 0)]
    figures |= {"accuracy": None, "accuracy_of_all": float(correct.mean()) if len(correct) else None}
    audit = Audit(truth, classes, every=1)
    columns = (torch.from_numpy(column) for column in (predicted, labels.weight, labels.confidence))
    audit.update(PseudoLabels(*columns), audit.truth)
    audit.compute()
    # The report's coverage is that of the images of known class.
    return figures | {key: value for key, value in (audit.last_report or {}).items() if key != "coverage"}


def _shares(counts: Tensor) -> dict[str, float | None]:
    images, used, weight, correct = counts.tolist()
    return {"accuracy": correct / weight if weight else None, "coverage": used / images if images else None}


def _use(predicted: Tensor, classes: tuple[str, ...]) -> dict[str, Any] | None:
    images, used = predicted.sum(0).tolist()
    if not images:
        return None
    shares = (predicted[:, 1] / max(used, 1)).tolist()
    return {"images": int(images), "used": used / images, "by_class": dict(zip(classes, shares, strict=True))}


def _outlier_shares(outliers: Tensor, per_class: Tensor) -> dict[str, float | None]:
    images, used = outliers.tolist()
    every = used + float(per_class[:, 1].sum())
    return {"outlier_coverage": used / images, "outlier_share": used / every if every else None} if images else {}
