"""FlexMatch by hand."""

import torch

from semisup.config.nodes import build, load_data, load_source
from semisup.config.resolve import complete
from semisup.data import Batch
from semisup.methods import FlexMatch
from semisup.training.fit import make_method
from tests.methods.by_hand import LABELED, close, method, probabilities

SEEN = [0, 0, 0, 0, 1, -1, -1, -1, -1, -1]  # class 0 four times, class 1 once, five never confident


def flexmatch(**options):
    made = method(FlexMatch, classes=2, images=10, threshold=0.9, **options)
    made.thresholds.last_confident.copy_(torch.tensor(SEEN))
    return made


def test_thresholds():
    """β = (4, 1) / max(4, 5) = (.8, .2); M(β) = (.8 / 1.2, .2 / 1.8); times .9: (.6, .1)."""
    close(flexmatch().thresholds.of_classes(), [0.6, 0.1])


def test_thresholds_without_warm_up():
    """β = (4, 1) / 4; M(β) = (1, .25 / 1.75); times .9."""
    close(flexmatch(warmup=False).thresholds.of_classes(), [0.9, 0.12857])


def test_images_outside_of_the_unlabeled_stream_do_not_hold_the_thresholds_down():
    """Of the ten images six are in the stream: one is never confident, and β = (4, 1) / max(4, 1)."""
    made = flexmatch()
    made.thresholds.unlabeled_images = 6
    close(made.thresholds.of_classes(), [0.9, 0.12857])


def test_the_stream_is_counted_when_the_training_starts(config):
    """Of 1,438 digits for training, 20 validate: the others are in the stream, whatever the size of the store."""
    full = complete(config("method=flexmatch", "trainer.max_steps=1", "trainer.accelerator=cpu"))
    store = load_source(full)
    made = make_method(full, store)
    trainer = build(full["trainer"]).trainer([], [], validates=False)
    trainer.fit(made, datamodule=load_data(full, store))
    assert made.thresholds.unlabeled_images == len(store.images) - 20


def test_at_first_every_image_is_kept():
    close(method(FlexMatch, classes=2, images=3).thresholds.of_classes(), [0.0, 0.0])
    close(method(FlexMatch, classes=2, images=3, warmup=False).thresholds.of_classes(), [0.0, 0.0])


def test_the_loss():
    """With thresholds (.6, .1), .7 of class 0 is kept, .55 of class 0 is not, .55 of class 1 is.

    L = .10536 + (-log .7 + 0 - log .8) / 3 = .10536 + .19327 = .29863 as published, and at t = .1, a quarter of the
    default ramp of .4: .10536 + .19327 / 4 = .15368
    """
    made = flexmatch(ramp=0.0)
    weak = probabilities([0.7, 0.3], [0.55, 0.45], [0.45, 0.55])
    strong = probabilities([0.7, 0.3], [0.9, 0.1], [0.2, 0.8])
    output = made.loss(LABELED, Batch(weak=weak, strong=strong, index=torch.tensor([7, 8, 9])))
    close(output.loss, 0.29863)
    assert output.pseudo_labels.target.tolist() == [0, 0, 1]
    assert output.pseudo_labels.weight.tolist() == [1.0, 0.0, 1.0]
    assert made.thresholds.last_confident.tolist() == SEEN, (
        "nobody reached the fixed threshold of .9, which is what counts"
    )
    slow = flexmatch(progress=0.1)
    close(slow.loss(LABELED, Batch(weak=weak, strong=strong, index=torch.tensor([7, 8, 9]))).loss, 0.15368)


def test_the_memory_keeps_the_last_confident_class_of_each_image():
    """Image 0 turns to class 1. Image 5 is confident of 1, then not, and keeps 1. Image 6 turns from 0 to 1."""
    made = flexmatch()
    weak = probabilities([0.05, 0.95], [0.02, 0.98], [0.8, 0.2], [0.95, 0.05], [0.03, 0.97])
    made.loss(LABELED, Batch(weak=weak, strong=weak, index=torch.tensor([0, 5, 5, 6, 6])))
    assert made.thresholds.last_confident.tolist() == [1, 0, 0, 0, 1, 1, 1, -1, -1, -1]
    close(made.thresholds.of_classes(), [0.9 * 0.75 / 1.25, 0.9])  # β = (3, 4) / max(4, 3)
