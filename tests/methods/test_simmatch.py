"""SimMatch by hand: logits are features, and (4, 3) is (.8, .6) at length 1."""

import torch

from semisup.data import Batch
from semisup.methods import SimMatch
from tests.methods.by_hand import close, feature_method

LABELED = Batch(image=torch.tensor([[4.0, 3.0]]), label=torch.tensor([0]))  # p_0 = .73106, which costs .31326
VIEWS = Batch(weak=torch.tensor([[4.0, 3.0]]), strong=torch.tensor([[0.0, 2.0]]))


def simmatch(**options):
    """With T = 1, and (0, 1) of class 1 in its memory."""
    made = feature_method(
        SimMatch, classes=2, alignment="off", temperature=1.0, smoothing=0.5, projection=2, memory=2, **options
    )
    made.memory.add(torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0, 1.0]]))
    return made


def test_classes_and_similarities_of_both_views_are_the_same():
    """The weak view, p̃ = (.73106, .26894), is similar by .6 to the image in memory and by 1 to the labeled one:
    s = (.40131, .59869), q = (p̃ + (.59869, .40131)) / 2 = (.66487, .33513). s̃ ~ (.40131 · .26894, .59869 · .73106), or
    (.19781, .80219). The strong view has p = (.11920, .88080) and -log s = (.51302, .91302).

    L = .31326 + (.66487 · 2.12693 + .33513 · .12693) + (.19781 · .51302 + .80219 · .91302) = 2.60383
    """
    output = simmatch(threshold=0.6).loss(LABELED, VIEWS)
    close(output.pseudo_labels.confidence, [0.66487])
    close(output.terms["similarity"], 0.83390)
    close(output.loss, 2.60383)


def test_below_the_threshold_the_similarities_alone_are_compared():
    close(simmatch(threshold=0.7).loss(LABELED, VIEWS).loss, 0.31326 + 0.83390)
