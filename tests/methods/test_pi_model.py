"""The Π-model by hand."""

from semisup.data import Batch
from semisup.methods import PiModel
from tests.methods.by_hand import LABELED, close, method, probabilities


def test_two_views_are_pulled_together_by_the_ramp():
    """Halfway up the ramp of .4, w = 10 / 2. Views (.8, .2) and (.6, .4): ((.2)² + (.2)²) / 2 = .04.

    L = .10536 + 5 · .04 = .30536
    """
    views = Batch(weak=probabilities([0.8, 0.2]), weak_2=probabilities([0.6, 0.4]))
    pi_model = method(PiModel, progress=0.2)
    output = pi_model.loss(LABELED, views)
    loss, terms = output.loss, output.terms
    close(loss, 0.30536)
    assert terms["weight"] == 5.0
    assert output.pseudo_labels is None


def test_the_mean_is_over_images_and_classes():
    """Three classes; differences (.1, 0, .1) and none: (.01 + 0 + .01) / 3 / 2 images = .00333."""
    views = Batch(
        weak=probabilities([0.5, 0.3, 0.2], [0.2, 0.2, 0.6]), weak_2=probabilities([0.4, 0.3, 0.3], [0.2, 0.2, 0.6])
    )
    labeled = Batch(image=probabilities([0.9, 0.05, 0.05]), label=LABELED.label)
    close(method(PiModel).loss(labeled, views).terms["consistency"], 0.00333)


def test_no_gradient_flows_through_the_second_view():
    weak, weak_2 = probabilities([0.8, 0.2]).requires_grad_(), probabilities([0.6, 0.4]).requires_grad_()
    method(PiModel).loss(LABELED, Batch(weak=weak, weak_2=weak_2)).loss.backward()
    assert weak.grad is not None
    assert weak_2.grad is None
