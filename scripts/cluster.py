"""Clusters alone, without training: what they are worth as labels.

    python scripts/cluster.py data=cifar10 embedding=pca labeler.k=10

embedding  pca (the default), pixels, pretrained, or checkpoint with embedding.run=RUN, a finished run
labeler    clusters (the default), or propagation, whose labels are measured the same way

The options are train.py's, and so are the run's folder and its result.json: it is `python train.py method=cluster_label
rounds.students=0`. Options of trainings have no effect, and students are refused.
"""

import sys
from typing import Any

from semisup.cli import train as app


def main() -> None:
    if {"-h", "--help"} & {*sys.argv[1:]}:
        print(f"{__doc__}\nThe options of both:\n")
    app.main("method=cluster_label", "rounds.students=0", check=only_labels)


def only_labels(config: dict[str, Any]) -> None:
    """Raises SemisupError for what would need a network of this run."""
    from semisup.config.resolve import complete, embeds_without_a_teacher  # here, so that --help answers at once
    from semisup.core.errors import SemisupError

    if not embeds_without_a_teacher(complete(config)):
        raise SemisupError(
            "clustering alone trains no network to embed by: write embedding=pca, pixels or pretrained, or, with a "
            "finished run, embedding=checkpoint embedding.run=RUN."
        )
    if config["rounds"]["students"]:
        raise SemisupError("clustering alone has no students: leave rounds.students out, or run train.py.")


if __name__ == "__main__":
    main()
