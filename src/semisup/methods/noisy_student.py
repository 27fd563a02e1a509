"""A student learns, noised, what its teacher predicted without noise."""

from semisup.methods.self_training import SelfTraining


class NoisyStudent(SelfTraining):
    """Noisy Student (Xie et al., 2020, arXiv:1911.04252), algorithm 1: self-training with strong views.

    The input noise is the strong view, of labeled and unlabeled images, in the teacher's first round too; the model
    noise is the network's dropout and stochastic depth (`rounds.noise`). The teacher labels plain views without noise.
    Departures: the teacher is the moving average of its weights; RandAugment's strength does not depend on the network;
    `rounds.noise` is the students', and the first teacher has the dropout of its own network.
    """

    views = ("strong",)
    labeled_view = "strong"
