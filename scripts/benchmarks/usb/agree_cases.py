"""What agree.py compares: for each method its settings on both sides, and where each side keeps the same state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from semisup import methods
from semisup.methods import Method
from semisup.methods.schedules import Schedule


@dataclass(frozen=True)
class Case:
    """One method.

    Args:
        kind: Semisup's class.
        usb: USB's name.
        options: Of Semisup's method, where its defaults are not the published ones.
        usb_options: Of USB's, as in its configurations for CIFAR-10, where its code's defaults differ.
        states: Of Semisup's method, with the place of the same in USB's: an attribute, or `hook:attribute`.
        alike: What agree_usb.py changes in USB's objects, so that both sides do the same.
        remains: What is different in spite of that.
        edits: What is replaced in USB's code in a second training, to show that nothing else remains: the function, as
            `module:name`, with a part of its code and its replacement.
        schedule: Of the learning rate.
    """

    kind: type[Method]
    usb: str
    options: Mapping[str, Any] = field(default_factory=dict)
    usb_options: Mapping[str, Any] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    alike: str = ""
    remains: str = ""
    edits: tuple[tuple[str, str, str], ...] = ()
    schedule: Schedule = "cosine_7_16"


REMEMBERED = 32  # labeled images in the memory of SimMatch
MASK, ALIGN = "MaskingHook:", "DistAlignHook:"
ADDED = "USB adds 1e-6 to the shares of the alignment"
WITHOUT_ADDED = ("semilearn.algorithms.hooks.dist_align:DistAlignEMAHook.dist_align", "1e-6", "0")
AVERAGE = "the mean of the alignment is a moving average that starts at 1/K, with Semisup's decay"
DECAY = "decay .9 instead of .999, so that averages move within 60 steps"
FILLED = "the memory is full of the same vectors from the start, and smoothing begins at once"

CASES = {
    "supervised": Case(methods.Supervised, "fullysupervised"),
    "pseudo_label": Case(
        methods.PseudoLabel, "pseudolabel", {"t1": 0.0, "t2": 0.4, "threshold": 0.95}, {"p_cutoff": 0.95}
    ),
    "pi_model": Case(methods.PiModel, "pimodel", usb_options={"ulb_loss_ratio": 10.0}),
    "mean_teacher": Case(methods.MeanTeacher, "meanteacher", usb_options={"ulb_loss_ratio": 50.0}),
    "vat": Case(
        methods.VAT,
        "vat",
        usb_options={"ulb_loss_ratio": 0.3},
        alike="USB's ξ is .01, as Semisup's, instead of 1e-6",
    ),
    "mixmatch": Case(
        methods.MixMatch,
        "mixmatch",
        {"unlabeled_weight": 100.0},
        {"ulb_loss_ratio": 100.0, "unsup_warm_up": 0.4},
        alike="one λ for all images of a step, as USB draws it",
    ),
    "remixmatch": Case(
        methods.ReMixMatch,
        "remixmatch",
        {"alignment": [6 / 16, 4 / 16, 3 / 16, 2 / 16, 1 / 16], "ramp": 1 / 64},
        {"ulb_loss_ratio": 1.5},
        {"aligner.mean": ALIGN + "p_model"},
        alike=f"one λ for all images of a step; {AVERAGE}",
        remains=ADDED,
        edits=(WITHOUT_ADDED,),
    ),
    "uda": Case(
        methods.UDA,
        "uda",
        remains="USB's targets are not sharpened",
        edits=(
            (
                "semilearn.algorithms.hooks.pseudo_label:PseudoLabelingHook.gen_ulb_targets",
                "pseudo_label = logits",
                "pseudo_label = torch.softmax(logits.log() / T, -1)",
            ),
        ),
    ),
    "fixmatch": Case(methods.FixMatch, "fixmatch"),
    "flexmatch": Case(
        methods.FlexMatch,
        "flexmatch",
        {"ramp": 0.0},
        states={"thresholds.last_confident": MASK + "selected_label"},
    ),
    "flexmatch, warmup=false": Case(
        methods.FlexMatch,
        "flexmatch",
        {"ramp": 0.0, "warmup": False},
        {"thresh_warmup": False},
        {"thresholds.last_confident": MASK + "selected_label"},
    ),
    "dash": Case(
        methods.Dash,
        "dash",
        {"warmup": 0.0},
        {"C": 1.0},
        {"labeled_loss": MASK + "rho_init"},
        alike="ρ̂ is the loss of the first labeled batch, and ρ falls at each hundredth of the training; `C=1`",
    ),
    "adamatch": Case(
        methods.AdaMatch,
        "adamatch",
        {"decay": 0.9},
        {"ema_p": 0.9},
        {"mean_labeled": ALIGN + "p_target", "mean_unlabeled": ALIGN + "p_model"},
        alike=f"{DECAY}; the mean prediction on unlabeled images starts at 1/K",
    ),
    "freematch": Case(
        methods.FreeMatch,
        "freematch",
        {"ramp": 0.0, "decay": 0.9},
        {"ent_loss_ratio": 0.001, "ema_p": 0.9},
        {
            "thresholds.global_threshold": MASK + "time_p",
            "thresholds.mean_probability": MASK + "p_model",
            "thresholds.histogram": MASK + "label_hist",
        },
        alike=DECAY,
        remains="USB's loss has a constant for classes that no kept image shows; the gradient is the same",
        edits=(
            (
                "semilearn.algorithms.freematch.freematch:entropy_loss",
                "mod_mean_prob_s + 1e-12",
                "mod_mean_prob_s.where(mod_mean_prob_s > 0, 1.0)",
            ),
        ),
    ),
    "softmatch": Case(
        methods.SoftMatch,
        "softmatch",
        {"ramp": 0.0, "decay": 0.9},
        {"ema_p": 0.9},
        {
            "weights.mean": MASK + "prob_max_mu_t",
            "weights.variance": MASK + "prob_max_var_t",
            "weights.mean_probability": ALIGN + "p_model",
        },
        alike=DECAY,
        remains=ADDED,
        edits=(WITHOUT_ADDED,),
    ),
    "defixmatch": Case(methods.DeFixMatch, "defixmatch"),
    "crmatch": Case(
        methods.CRMatch,
        "crmatch",
        usb_options={"rot_loss_ratio": 1.0, "net": "vit"},
        alike="USB gets the turned images that Semisup draws, and reads pooled features, as its vision transformers do",
    ),
    "comatch": Case(
        methods.CoMatch,
        "comatch",
        {"memory": 120},
        {"T": 0.2, "proj_size": 64, "queue_batch": 5},
        {"memory.vectors": "queue_feats", "memory.labels": "queue_probs", "aligner.mean": ALIGN + "p_model"},
        alike=f"{AVERAGE}; {FILLED}",
        remains=f"{ADDED}, and 1e-7 to the similarities",
        edits=(WITHOUT_ADDED, ("semilearn.algorithms.comatch.comatch:comatch_contrastive_loss", "1e-7", "0")),
    ),
    "simmatch": Case(
        methods.SimMatch,
        "simmatch",
        {"memory": REMEMBERED, "ema": 0.0},
        {"T": 0.1, "lb_dest_len": REMEMBERED},
        {"memory.vectors": "mem_bank.T", "aligner.mean": ALIGN + "p_model"},
        alike=f"{AVERAGE}; the memory holds the latest {REMEMBERED} labeled images, this step's among them",
        remains=ADDED,
        edits=(WITHOUT_ADDED,),
    ),
    "abc": Case(
        methods.ABC,
        "fixmatch",
        usb_options={"imb_algorithm": "abc"},
        alike="USB weights by the probabilities that it draws by; Semisup counts labels as if it had seen 1e12 epochs",
        remains="USB's targets of the balanced head are classes, and the authors' are probabilities",
        edits=(
            ("semilearn.imb_algorithms.abc.abc:ABC.compute_abc_loss", "logits_s, y_ulb", "logits_s, probs_x_ulb_w"),
        ),
        schedule="constant",
    ),
}
