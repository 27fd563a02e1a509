"""AdaMatch by hand."""

from semisup.data import Batch
from semisup.methods import AdaMatch
from tests.methods.by_hand import LABELED, close, method, probabilities

VIEWS = Batch(weak=probabilities([0.97, 0.03], [0.6, 0.4]), strong=probabilities([0.7, 0.3], [0.2, 0.8]))


def test_targets_are_aligned_with_the_predictions_on_labeled_images():
    """At step 0 the averages have weight .9: labeled .5 + .9 · .4 = (.86, .14), unlabeled of mean (.785, .215)
    (.7565, .2435). (.97, .03) becomes (1.10271, .01725), or .98460; (.6, .4) becomes (.68209, .22998), or .74785.

    The threshold is .95 · .9 = .855. L = .10536 - log(.7) / 2 = .28370
    """
    made = method(AdaMatch, classes=2)
    output = made.loss(LABELED, VIEWS)
    close(made.mean_labeled, [0.86, 0.14])
    close(made.mean_unlabeled, [0.7565, 0.2435])
    close(output.pseudo_labels.confidence, [0.98460, 0.74785])
    close(output.terms["threshold"], 0.855)
    assert output.pseudo_labels.weight.tolist() == [1.0, 0.0]
    close(output.loss, 0.28370)


def test_the_averages_are_those_of_all_steps():
    """At step 1 they have weight 1 - 2/11: (.86, .14) moves to (.9, .1) by 9/11, to .89273."""
    made = method(AdaMatch, classes=2)
    made.loss(LABELED, VIEWS)
    made.step = 1
    made.loss(LABELED, VIEWS)
    close(made.mean_labeled, [0.89273, 0.10727])
