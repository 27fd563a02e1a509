"""The features of a network that a run has trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from semisup.core.ranges import UserPath
from semisup.data import Store
from semisup.embeddings.network import NetworkEmbedding, PreparedNetwork, check_inputs
from semisup.embeddings.plain import plain_views
from semisup.models.backbones import Backbone


class CheckpointEmbedding(NetworkEmbedding):
    """The features of a network that a run has trained: of the average of its weights if there is one.

    Images are normalized by the statistics of the data set that is embedded.

    Args:
        run: The folder of a finished run, of which the round that was tested is taken; or a checkpoint in a run's
            folder, such as RUN/round0/best.ckpt.
        load_network: Loads the network for a store's inputs, and gives it with its checkpoint. The program supplies it.
        base: Arguments of NetworkEmbedding.
    """

    def __init__(
        self, *, run: UserPath, load_network: Callable[[Path, Store], tuple[Backbone, Path]], **base: Any
    ) -> None:
        super().__init__(**base)
        self.run, self.load_network = Path(run).expanduser(), load_network

    def _prepare(self, store: Store, **view_options: Any) -> PreparedNetwork:
        network, checkpoint = self.load_network(self.run, store)
        check_inputs(network, store)
        folder = checkpoint.resolve().parent
        name = f"features of {folder.parent.name}/{folder.name}"
        return PreparedNetwork(network, plain_views(store, **view_options), name, store.mean, store.std)
