"""A network of ours, from a finished run or a checkpoint."""

from pathlib import Path
from typing import Any

from semisup.core.errors import SemisupError
from semisup.data import Store
from semisup.embeddings.network import NetworkEmbedding, Prepared, check_inputs
from semisup.embeddings.plain import plain_views
from semisup.runs.trained_run import chosen_checkpoint, trained_network

OPTION = "embedding.run"


class CheckpointEmbedding(NetworkEmbedding):
    """The features of a network that a run has trained: of the moving average of its weights where there is one.

    run: the folder of a finished run, of which the round that was tested is taken, or a checkpoint in a run's folder,
    such as RUN/round0/best.ckpt. Images are normalized by the statistics of the data set that is embedded. For the
    other options see NetworkEmbedding.
    """

    def __init__(self, *, run: str, **base: Any) -> None:
        super().__init__(**base)
        self.run = Path(run).expanduser()

    def prepare(self, store: Store) -> Prepared:
        file = self.file()
        folder = file.resolve().parent
        network = trained_network(file, store.shape, store.name, option=OPTION)
        check_inputs(network, store)
        return Prepared(network, plain_views(store), f"features of {folder.parent.name}/{folder.name}")

    def file(self) -> Path:
        """The checkpoint itself. Raises SemisupError if the run has none."""
        if self.run.suffix == ".ckpt":
            if not self.run.is_file():
                raise SemisupError(f"{OPTION}={self.run}: there is no such checkpoint.")
            return self.run
        return chosen_checkpoint(self.run, OPTION, instead="name one of its checkpoints, such as RUN/round0/last.ckpt")
