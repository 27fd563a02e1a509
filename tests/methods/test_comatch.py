"""CoMatch by hand: logits are features, and (4, 3) is (.8, .6) at length 1."""

import torch

from semisup.data import Batch
from semisup.methods import CoMatch
from tests.methods.by_hand import close, feature_method

LABELED = Batch(image=torch.tensor([[4.0, 3.0]]), label=torch.tensor([0]))  # p_0 = .73106, which costs .31326
TWO = torch.tensor([[4.0, 3.0], [0.0, 2.0]])  # p = (.73106, .26894) and (.11920, .88080)
VIEWS = Batch(weak=TWO, strong=TWO, strong_2=TWO)


def comatch(**options):
    plain = {"classes": 2, "alignment": "off", "temperature": 1.0, "smoothing": 0.5, "threshold": 0.8, "projection": 2}
    return feature_method(CoMatch, **plain, **options)


def test_projections_follow_the_graph_of_the_pseudo_labels():
    """q · q' = .73106 · .11920 + .26894 · .88080 = .32402: W = (1, .32402) / 1.32402 = (.75527, .24473). Projections
    have inner products 1 and .6: -log S = (.51302, .91302). Contrast .75527 · .51302 + .24473 · .91302 = .61091.

    The second image is kept: H(q, p) = .36533. L = .31326 + .36533 / 2 + .61091 = 1.10683
    """
    output = comatch(graph_threshold=0.3).loss(LABELED, VIEWS)
    assert output.pseudo_labels.weight.tolist() == [0.0, 1.0]
    close(output.terms["contrast"], 0.61091)
    close(output.loss, 1.10683)


def test_images_that_are_less_alike_than_the_threshold_are_not_linked():
    close(comatch(graph_threshold=0.4).loss(LABELED, VIEWS).terms["contrast"], 0.51302)


def test_pseudo_labels_are_smoothed_by_those_of_similar_images_in_the_memory():
    """After a step the memory has (.8, .6) with (.73106, .26894), (0, 1) with (.11920, .88080), (.8, .6) with (1, 0).
    To (.8, .6) they are similar by softmax(1, .6, 1) = (.37449, .25103, .37449), and their mean has p_0 = .67818.

    q_0 = (.73106 + .67818) / 2 = .70462
    """
    made = comatch()
    close(made.loss(LABELED, VIEWS).pseudo_labels.confidence, [0.73106, 0.88080])
    assert made.memory.added.item() == 3
    close(made.loss(LABELED, VIEWS).pseudo_labels.confidence[0], 0.70462)
