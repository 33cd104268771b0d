"""A process that runs commands of bitsim one after the other and measures each.

    python -m tests.bad_input.worker      reads one JSON list of arguments a line, answers in JSON

What a bad file costs is what it adds to a process that has imported everything and has loaded a
good file of each kind. So the worker does that first, and takes its resident memory then as the
base. From there on
- RLIMIT_DATA stops it at 256 MiB more of private writable memory, touched or not: what is asked
  for because a file says so fails, even if it would never be filled;
- the peak of resident memory (VmHWM, set back before each command) minus the base is the extra.
  That has the pages of mapped files in it, and all that earlier commands did not give back.
RLIMIT_AS would not do: a file of 8 GiB that is mapped and not read has 8 GiB of addresses.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from tests.bad_input.bad_file import BadFile

EXTRA_BYTES = 256 << 20
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Outcome:
    """What one command did; `extra_bytes` of resident memory, `seconds` of the processor."""

    status: int
    out: str
    err: str
    seconds: float
    extra_bytes: int


class Worker:
    """The worker's side that asks."""

    def __init__(self, good: list[BadFile]) -> None:
        """`good` are commands that end with status 0, run before anything is measured."""
        self._good = good
        self._start()

    def run(self, bad: BadFile, folder: Path) -> Outcome:
        """Run the command of files that are in `folder`/here; results would be in `folder`/out."""
        argv = bad.command(folder / "here", folder / "out")
        return self._ask({"argv": argv, "cwd": str(folder)})

    def take(self, size_bytes: int) -> Outcome:
        """In place of a command, ask for memory and give it back: a test of what is measured."""
        return self._ask({"take": size_bytes, "cwd": "/"})

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bad_input.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        with tempfile.TemporaryDirectory() as folder:
            for number, each in enumerate(self._good):
                each.write(Path(folder) / str(number) / "here")
                outcome = self.run(each, Path(folder) / str(number))
                assert outcome.status == 0, outcome
        self._ask({"limit": EXTRA_BYTES})

    def _ask(self, question: dict[str, object]) -> Outcome:
        if self._process.poll() is not None:
            self._start()  # one file that kills it is one test that fails
        print(json.dumps(question), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, f"the process died with status {self._process.wait()}"
        return Outcome(**json.loads(answer))


def main() -> None:
    """The worker's side that answers."""
    from bitsim.cli import main as bitsim

    answers = os.fdopen(os.dup(1), "w")
    base_bytes = 0
    for line in sys.stdin:
        question = json.loads(line)
        if "limit" in question:
            size = _kilobytes("VmData") * 1024 + question["limit"]
            resource.setrlimit(resource.RLIMIT_DATA, (size, size))
            base_bytes = _kilobytes("VmRSS") * 1024
            outcome = Outcome(0, "", "", 0.0, 0)
        else:
            os.chdir(question["cwd"])
            if "take" in question:
                outcome = _measured(_take, question["take"], base_bytes)
            else:
                outcome = _measured(bitsim, question["argv"], base_bytes)
        print(json.dumps(outcome.__dict__), file=answers, flush=True)


def _take(size_bytes: int) -> int:
    return 0 * len(bytearray(size_bytes))


def _measured(command, argument, base_bytes: int) -> Outcome:
    """What is written below Python, as by a library that aborts, is caught too."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        RESET.write_text("5")
        begun = time.process_time()
        try:
            status = command(argument)
        except BaseException:
            traceback.print_exc()
            status = -1
        seconds = time.process_time() - begun
        extra_bytes = _kilobytes("VmHWM") * 1024 - base_bytes
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return Outcome(status, *texts, seconds, extra_bytes)


def _kilobytes(field: str) -> int:
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise LookupError(field)


if __name__ == "__main__":
    main()
