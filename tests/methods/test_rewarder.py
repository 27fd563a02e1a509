"""SemiReward by hand: a rewarder whose R is the first feature."""

import pytest
import torch

from semisup.core.errors import SemisupError
from semisup.data import Batch
from semisup.methods import FixMatch, PseudoLabels, ShrinkMatch
from semisup.methods.rewarder import Rewarder
from tests.methods.by_hand import Rows, close, feature_method

LABELED = Batch(image=torch.tensor([[0.25, -4.0]]), label=torch.tensor([0]))
# Three images of class 0 with p = .95 and more; R is the first feature: .9, .2 and .4, of mean .5.
UNLABELED = torch.tensor([[0.9, -4.0], [0.2, -4.0], [0.4, -4.0]])


class FirstFeature(Rewarder):
    def forward(self, features, label):
        return features[:, 0]


def fixmatch(progress, **options):
    made = feature_method(FixMatch, progress, classes=2, threshold=0.9, reward=0.5, **options)
    made.rewarder = FirstFeature(Rows(), 2)
    return made


def test_labels_of_less_than_the_mean_reward_are_left_out_after_the_start():
    before, after = (fixmatch(p).loss(LABELED, Batch(weak=UNLABELED, strong=UNLABELED)) for p in (0.4, 0.5))
    assert before.pseudo_labels.weight.tolist() == [1.0, 1.0, 1.0]
    assert after.pseudo_labels.weight.tolist() == [1.0, 0.0, 0.0]
    close(after.terms["consistency"], float(torch.tensor(1 + 2.718281828**-4.9).log()) / 3)


def test_the_reward_of_the_true_class_is_one_and_of_another_one_half():
    """R = .25 everywhere: (.25 - 1)² = .5625 for true classes, (.25 - .5)² = .0625 for others. Of two classes, a
    draw is the true one with probability 3/4: .4375 on average over many.
    """
    rewarder, many = FirstFeature(Rows(), 2), 4000
    torch.manual_seed(0)
    costs = [float(rewarder.error(LABELED.image, LABELED.label, torch.ones(1))) for _ in range(20)]
    assert {round(cost, 4) for cost in costs} == {0.5625, 0.0625}
    mean = rewarder.error(LABELED.image.expand(many, -1), LABELED.label.expand(many), torch.ones(many))
    assert float(mean) == pytest.approx(0.4375, abs=0.02)
    close(rewarder.error(LABELED.image.expand(many, -1), LABELED.label.expand(many), torch.zeros(many)), 0.0)


def test_what_the_rewarder_learns_by_is_minimized_and_gives_the_network_no_gradient():
    made = fixmatch(0.4)
    image = LABELED.image.clone().requires_grad_()
    output = made.loss(Batch(image=image, label=LABELED.label), Batch(weak=UNLABELED, strong=UNLABELED))
    whole = made.combined(output)
    close(whole.loss, float(output.loss.detach() + whole.terms["reward"]))
    assert whole.terms["reward"] > 0
    (gradient,) = torch.autograd.grad(whole.loss, image, retain_graph=True)
    (expected,) = torch.autograd.grad(output.loss, image)
    assert torch.equal(gradient, expected)
    assert made.combined(output) is output, "a step without a new error"


def test_soft_targets_are_rewarded_by_their_most_probable_class():
    labels = PseudoLabels(torch.tensor([[0.9, 0.1], [0.2, 0.8]]), torch.ones(2))
    kept = FirstFeature(Rows(), 2).keep(torch.tensor([[0.3, 0.0], [0.6, 0.0]]), labels)
    assert kept.weight.tolist() == [0.0, 1.0]


def test_a_reward_is_between_zero_and_one_and_depends_on_the_class():
    torch.manual_seed(0)
    rewarder = Rewarder(Rows(), 2)
    first, second = (rewarder(UNLABELED, torch.full((3,), c)) for c in (0, 1))
    assert ((first > 0) & (first < 1)).all()
    assert not torch.equal(first, second)


def test_what_has_no_effect_is_refused(run):
    toy = ("data._target_=tests.toy.toy", "data.padding=1", "data.labels=30", "data.validation=6")
    with pytest.raises(SemisupError, match=r"method\.reward has no effect in ShrinkMatch"):
        run(*toy, "method=shrinkmatch", "method.reward=.1")
    with pytest.raises(SemisupError, match=r"method\.reward reads the network in training"):
        FixMatch(Rows(), classes=2, reward=0.1, targets_from="ema")
    assert issubclass(ShrinkMatch, FixMatch)


@pytest.mark.parametrize(
    "name", ["fixmatch", "flexmatch", "dash", "uda", "defixmatch", "sequencematch", "pseudo_label"]
)
def test_it_combines_with_each_method_of_thresholds(run, name):
    toy = ("data._target_=tests.toy.toy", "data.padding=1", "data.labels=30", "data.validation=6")
    result = run(*toy, f"method={name}", "method.reward=.5", "+data.classes=2")
    assert result["test"]["accuracy"] >= 0
