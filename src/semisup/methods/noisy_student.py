"""A student learns, with noise, what its teacher predicted without noise."""

from semisup.methods.self_training import SelfTraining


class NoisyStudent(SelfTraining):
    """Noisy Student: self-training with strong views.

    The input noise is the strong view, of labeled and unlabeled images, in the teacher's first round too. The model
    noise is the network's dropout and stochastic depth (`rounds.noise`). The teacher labels plain views without noise.

    Source: Xie et al., 2020, arXiv:1911.04252, algorithm 1. Departures: the teacher is the moving average of its
    weights; RandAugment's strength does not depend on the network; `rounds.noise` is for the students, and the first
    teacher has the dropout of its own network.

    Args:
        network: Maps views to logits (N, K).
        optimizer: How the network is optimized; None = Adam with its defaults.
        ema: Decay of the moving average of the weights; 0 evaluates the network itself.
    """

    views = ("strong",)
    labeled_view = "strong"
