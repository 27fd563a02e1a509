"""What a training costs: the memory of a step before it is taken, and the options that lower it or the time."""

from collections.abc import Sequence
from statistics import median

import torch
from torch import Tensor, nn

from semisup.config import Config
from semisup.data import SSLDataModule
from semisup.methods import Method
from semisup.models.modes import evaluation_mode

IMAGES = 2  # that go through a network to see what it keeps
# The peak of a step over what is kept for its backward pass, which has gradients of its own. With 128 images of 32 and
# 64 pixels in a ResNet-18 on a CPU, it was 1.4 and 1.5.
BACKWARD = 1.5
TIMED = 10  # times of steps that tell the time of the others, or fewer if they have taken long
LONG_ENOUGH, AT_LEAST = 20.0, 4  # seconds, and the fewest times
ALIKE = 1.25  # the largest ratio of times that are alike
MOST_TIMED, MOST_SECONDS = 50, 60.0  # after which nobody waits for times that are alike


def images_per_step(method: Method, data: SSLDataModule) -> int:
    """How many images go through the network in a step.

    Args:
        method: Names its views.
        data: With pseudo-labels, if the method learns from some.

    Returns:
        The images of each stream times the views of each, over all processes.
    """
    return sum(stream.batch_size * len(stream.view_names) for stream in data.streams(method).values())


def activation_bytes(network: nn.Module, inputs: Tensor) -> float:
    """What a network keeps for the backward pass.

    The pass is in evaluation mode: no statistic changes and nothing is drawn. Masks of dropout are not counted.

    Args:
        network: On the device of `inputs`.
        inputs: A few images, (n, ...) float32.

    Returns:
        Bytes per image.
    """
    own = {t.untyped_storage().data_ptr() for t in (*network.parameters(), *network.buffers())}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with evaluation_mode(network), torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        outputs = network(inputs)  # which holds what is counted until the end of the block
        del outputs
    return sum(kept.values()) / len(inputs)


def weights_bytes(method: Method) -> int:
    """What training the weights takes beside them: gradients, and two moments of the optimizer.

    Args:
        method: The method.

    Returns:
        Bytes.
    """
    return 3 * sum(p.numel() * p.element_size() for p in method.parameters() if p.requires_grad)


def usual_seconds(times: Sequence[float]) -> float | None:
    """The seconds of a step, as soon as the first ones tell them: these may be far slower than all later ones.

    As long as the last third of the times is not like the third before it, it is too early to say.

    Args:
        times: Seconds of the first steps, in their order.

    Returns:
        The median of the later half; None if it is too early.
    """
    total = sum(times)
    if len(times) < TIMED and (total < LONG_ENOUGH or len(times) < AT_LEAST):
        return None
    third = len(times) // 3
    before, last = median(times[-2 * third : -third]), median(times[-third:])
    if max(before, last) > ALIKE * min(before, last) and len(times) < MOST_TIMED and total < MOST_SECONDS:
        return None
    return median(times[len(times) // 2 :])


def expected_seconds(each: float, steps: int, evaluated: int, images: int) -> float:
    """The time of some steps and evaluations. A backward pass is taken to cost twice a forward pass.

    Args:
        each: Seconds of a step.
        steps: How many.
        evaluated: Images in all evaluations.
        images: That go through the network in a step.

    Returns:
        Seconds.
    """
    return each * (steps + evaluated / (3 * images))


def ways_to_save(config: Config, method: Method, data: SSLDataModule, memory: bool, accelerated: bool) -> str:
    """The options that lower the time or the memory of a training.

    Args:
        config: The round's, completed.
        method: The round's.
        data: The round's.
        memory: Whether memory is short, and not time.
        accelerated: Whether the device is no CPU.

    Returns:
        A clause such as 'lower batch.labeled (64) or data.size (128); take a smaller backbone'.
    """
    batch, trainer = config["batch"], config["trainer"]
    lower = [f"batch.labeled ({batch['labeled']})"]
    if "unlabeled" in data.streams(method):
        lower.append(f"batch.ratio ({batch['ratio']})")
    is_image = len(data.store.shape) == 3 and not data.store.is_embedded
    if is_image and "size" in config["data"]:
        lower.append(f"data.size ({config['data']['size']})")
    if not memory:
        lower.append(f"trainer.max_steps ({trainer['max_steps']})")
    ways = [f"lower {_either(lower)}"]
    if memory and not method.parts:
        ways.append(f"set trainer.micro_batches={2 * trainer['micro_batches']}")
    if accelerated and trainer["precision"] == "32-true":
        ways.append("set trainer.precision=bf16-mixed")
    if is_image:
        ways += ["take a smaller backbone, such as backbone=small_cnn", "take experiment=frozen_pseudo_label"]
    return _either(ways)


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
