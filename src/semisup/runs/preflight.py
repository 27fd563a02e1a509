"""What does not go together in a config and its data, found before anything is written."""

from pathlib import Path

from semisup.config import Config
from semisup.config.nodes import select_kwargs
from semisup.config.resolve import first_trained_round
from semisup.config.rounds import round_config
from semisup.core.errors import SemisupError
from semisup.core.schema import parameters
from semisup.data import SSLDataModule, Store
from semisup.data.transforms import ImageViews, TableViews
from semisup.methods import Method
from semisup.training.fit import make_method


def preflight(config: Config, store: Store, data: SSLDataModule) -> Method | None:
    """Finds what does not go together, as far as that is possible without training.

    Args:
        config: Completed.
        store: The data set.
        data: With the run's split.

    Returns:
        The method of the first round that trains one; None if no round does.

    Raises:
        SemisupError: If the config does not fit the data.
    """
    if (config["rounds"]["students"] or config["labeler"]) and not len(data.split.unlabeled):
        raise SemisupError(f"pseudo-labels are of unlabeled images, and this split of {store.name} has none.")
    if (labels := config["rounds"]["labels"]) and not Path(labels).is_file():
        raise SemisupError(f"rounds.labels={labels}: there is no such file.")
    if config["trainer"]["precision"] == "64-true" and (len(store.shape) == 3 or store.is_embedded):
        raise SemisupError(
            f"trainer.precision=64-true is for rows of numbers, and {store.name} has images: leave it out."
        )
    _refuse_idle_views(config["data"], store)
    number = first_trained_round(config)
    return None if number is None else make_method(round_config(config, number), store)


def _refuse_idle_views(data: Config, store: Store) -> None:
    """Refuses options of views that the data set does not have."""
    of_rows = len(store.shape) == 1 and not store.is_embedded
    kind, idle, signature = "rows" if of_rows else "images", ImageViews if of_rows else TableViews, SSLDataModule
    defaults = {name: parameter.default for name, parameter in parameters(signature).items()}
    for option, value in select_kwargs(data, idle).items():
        if option in defaults and value != defaults[option]:
            shown = str(value).lower() if isinstance(value, bool) else value
            raise SemisupError(f"data.{option}={shown} has no effect on the {kind} of {store.name}: leave it out.")
