"""The networks of timm."""

from functools import partial

from semisup.core.errors import SemisupError
from semisup.core.ranges import Fraction, PositiveInt, UserPath
from semisup.models.backbones.library_network import PRETRAINED, LibraryNetwork, create, unknown_network


class Timm(LibraryNetwork):
    """Any network of timm by its name, such as convnext_atto or resnet18.a1_in1k.

    Args:
        shape: One input: an image (C, H, W).
        classes: K.
        name: The network's.
        weights: None, 'pretrained', a path or in_order:PATH; see LibraryNetwork.
        size: The shorter side that images are resized to; None leaves those of at least `min_size` as they are.
        dropout: For the networks that have it; None leaves the network's own.
        stochastic_depth: For the networks that have it; None leaves the network's own.

    Raises:
        SemisupError: If there is no such network, or it cannot take such inputs, options or weights.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int,
        *,
        name: str,
        weights: UserPath | None = None,
        size: PositiveInt | None = None,
        dropout: Fraction | None = None,
        stochastic_depth: Fraction | None = None,
    ) -> None:
        super().__init__(shape, classes, size=size)
        try:
            import timm  # the import takes seconds
        except ImportError as error:
            raise SemisupError("backbone=timm needs the package timm: pip install 'semisup[timm]'.") from error

        if not timm.is_model(name):
            raise unknown_network("timm", name, timm.list_models())
        pretrained = weights == PRETRAINED
        factory = partial(timm.create_model, name, pretrained=pretrained, num_classes=0)
        network = create(factory, name, pretrained=pretrained, drop_rate=dropout, drop_path_rate=stochastic_depth)
        classifier = timm.get_pretrained_cfg_value(name, "classifier") or ()  # a distilled network has two
        self._adopt(network, name, weights, (classifier,) if isinstance(classifier, str) else tuple(classifier))
