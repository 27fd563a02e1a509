"""predict that dies in the middle of writing a batch, with half of its last line written: KILL_AT counts batches."""

import os
import signal
import sys
from collections.abc import Sequence

from semisup.cli.options import command
from semisup.cli.predict import predict
from semisup.predicting.outputs import Output, Row


class Dying:
    write, batches = Output.write, 0

    def __call__(self, output: Output, rows: Sequence[Row]) -> None:
        Dying.write(output, rows)
        Dying.batches += 1
        if Dying.batches == int(os.environ["KILL_AT"]):
            os.truncate(output.growing, output.growing.stat().st_size - 7)
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    dying = Dying()
    Output.write = lambda self, rows: dying(self, rows)  # type: ignore[method-assign]
    sys.exit(command(predict))
