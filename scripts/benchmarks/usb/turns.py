"""Two processes that take turns: a loop that reports its steps, and the process that stops and wakes it. Linux only."""

import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

LEAD = 1  # untimed steps at the start of a turn
CORES, TICK = os.cpu_count() or 1, os.sysconf("SC_CLK_TCK")


class Turns:
    """Is called at the end of each step of a training loop, and returns False when the measurement is over.

    After the warm-up, and after each turn of LEAD untimed and `steps` timed steps, it writes the seconds of each timed
    step to the pipe `answers`, as JSON. Then it waits for a line from the pipe `orders`: "go", or anything else to end.

    Args:
        orders: A pipe to read from.
        answers: A pipe to write to.
        warm_up: Steps of the warm-up.
        steps: Timed steps in a turn.
    """

    def __init__(self, orders: int, answers: int, warm_up: int, steps: int) -> None:
        self.orders, self.answers = os.fdopen(orders), os.fdopen(answers, "w")
        self.untimed, self.length, self.steps = warm_up, warm_up, steps
        self.seconds: list[float] = []
        self.began = perf_counter()

    def __call__(self) -> bool:
        self.seconds.append(perf_counter() - self.began)
        if len(self.seconds) == self.length:
            print(json.dumps(self.seconds[self.untimed :]), file=self.answers, flush=True)
            if self.orders.readline() != "go\n":
                return False
            self.seconds, self.untimed, self.length = [], LEAD, LEAD + self.steps
        self.began = perf_counter()
        return True


class Side:
    """A process with such a loop, which is stopped outside its turns (SIGSTOP on its process group).

    Its loader's workers then neither disturb the other side, nor fill their queues in time that nobody measures.

    Args:
        command: Takes `case` and the numbers of both pipes as JSON.
        case: What is measured.
        environment: The environment of the process.
        log: A file for its output.
    """

    def __init__(self, command: list[str], case: dict[str, Any], environment: dict[str, str], log: Path) -> None:
        orders, self.to = os.pipe()
        back, answers = os.pipe()
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [*command, json.dumps({**case, "orders": orders, "answers": answers})],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(orders, answers),
                start_new_session=True,
            )
        os.close(orders)
        os.close(answers)
        self.back, self.log = os.fdopen(back), log

    def hear(self) -> list[float]:
        """Waits for the end of the warm-up or of a turn and stops the process. SystemExit if it died."""
        line = self.back.readline()
        if not line:
            end = "\n".join(self.log.read_text().splitlines()[-25:])
            raise SystemExit(f"{self.log.stem} died. The end of its output:\n{end}")
        os.killpg(self.process.pid, signal.SIGSTOP)
        seconds: list[float] = json.loads(line)
        return seconds

    def turn(self) -> tuple[list[float], float]:
        """Seconds of each timed step, and the share of the cores' time that went to other processes."""
        before, began = self._foreign(), perf_counter()
        os.killpg(self.process.pid, signal.SIGCONT)
        os.write(self.to, b"go\n")
        seconds = self.hear()
        return seconds, max(0.0, self._foreign() - before) / (CORES * (perf_counter() - began))

    def end(self) -> None:
        """Ends the process, by force after 20 seconds."""
        with suppress(OSError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, signal.SIGCONT)
            os.write(self.to, b"end\n")
            self.process.wait(20)
        with suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.to)
        self.back.close()

    def _foreign(self) -> float:
        """Core-seconds so far of all processes but the living ones of this process group."""
        # user, nice, system, idle, iowait, irq, softirq, steal
        fields = [int(field) for field in Path("/proc/stat").read_text().split(maxsplit=9)[1:9]]
        ticks = sum(fields) - fields[3] - fields[4]
        for file in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # the process has ended
                status = file.read_text().rpartition(")")[2].split()
                if int(status[2]) == self.process.pid:
                    ticks -= int(status[11]) + int(status[12])
        return ticks / TICK
