"""`semisup cluster`: clusters alone, without a training."""

import sys
from collections.abc import Sequence
from typing import Any

from semisup.cli import train
from semisup.core.errors import SemisupError, exit_code

HELP = """Cluster the images without a training, and measure what the clusters are worth as labels.

  semisup cluster data=cifar10 embedding=pca labeler.k=10

  embedding=pca        or pixels, pretrained, or checkpoint with embedding.run=RUN, a finished run
  labeler=clusters     or propagation, mixture, curriculum, vote, whose labels are measured the same way

It is `semisup train method=cluster_label rounds.students=0`, with the same options, run folder and result.json.
Options of a training have no effect, and students are refused.

The options of both:
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Clusters what the command line asks for.

    Args:
        arguments: The words after the command's name; None = those after the program's.

    Returns:
        The exit status.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if {"-h", "--help"} & set(words):
        return exit_code(lambda: print(HELP, train.help_text(), sep="\n"))
    implied = ("method=cluster_label", "rounds.students=0")
    return train.main(words, name="cluster", implied=implied, check=_check_labels_only)


def _check_labels_only(config: dict[str, Any]) -> None:
    """Raises SemisupError for what would need a network of this run."""
    from semisup.config.resolve import complete, embeds_without_a_teacher  # torch, which --help does not need

    if not embeds_without_a_teacher(complete(config)):
        raise SemisupError(
            "clustering alone trains no network to embed with: write embedding=pca, pixels or pretrained, or, with a "
            "finished run, embedding=checkpoint embedding.run=RUN."
        )
    if config["rounds"]["students"]:
        raise SemisupError("clustering alone has no students: leave rounds.students out, or use semisup train.")


if __name__ == "__main__":
    sys.exit(main())
