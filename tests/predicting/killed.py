"""predict, killed after it has written batch KILL_AT but for the end of its last line."""

import os
import signal
import sys
from collections.abc import Sequence

from semisup.cli.arguments import command
from semisup.cli.predict import predict
from semisup.predicting import prediction_file
from semisup.predicting.prediction_file import Prediction, PredictionFile


class Killed(PredictionFile):
    batches = 0

    def write(self, predictions: Sequence[Prediction]) -> None:
        super().write(predictions)
        Killed.batches += 1
        if Killed.batches == int(os.environ["KILL_AT"]):
            os.truncate(self.growing, self.growing.stat().st_size - 7)
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    prediction_file.PredictionFile = Killed  # type: ignore[misc]  # predict imports it when it is called
    sys.exit(command(predict))
