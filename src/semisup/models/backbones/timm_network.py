"""The networks of timm."""

from functools import partial

from semisup.core.errors import SemisupError
from semisup.models.backbones.library_network import PRETRAINED, LibraryNetwork, build, unknown_network


class Timm(LibraryNetwork):
    """Any network of timm by its name, such as convnext_atto or resnet18.a1_in1k.

    dropout and stochastic_depth are for the networks that have them (nearly all); None: as the network has them.
    For weights, normalization and grey images see LibraryNetwork, for size see Backbone.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int,
        *,
        name: str,
        weights: str | None = None,
        size: int | None = None,
        dropout: float | None = None,
        stochastic_depth: float | None = None,
    ) -> None:
        super().__init__(shape, classes, size=size)
        try:
            import timm  # takes seconds, which only its users should wait
        except ImportError as error:
            raise SemisupError("backbone=timm needs the package timm: pip install 'semisup[timm]'.") from error

        if not timm.is_model(name):
            raise unknown_network("timm", name, timm.list_models())
        pretrained = weights == PRETRAINED
        create = partial(timm.create_model, name, pretrained=pretrained, num_classes=0)
        network = build(create, name, pretrained=pretrained, drop_rate=dropout, drop_path_rate=stochastic_depth)
        classifier = timm.get_pretrained_cfg_value(name, "classifier") or ()  # two names where a network was distilled
        self.adopt(network, name, weights, (classifier,) if isinstance(classifier, str) else tuple(classifier))
