"""The whole Verilated accelerator as a board behind a pseudo-terminal, bit for bit on its line.

The program is `rtl/bench/serial`: no cycle passes through Python, and while nothing is under way
the clock stands still.
"""

from __future__ import annotations

import os
import pty
import subprocess
import tty
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bitsim.digest import code_digest, foreign
from bitsim.errors import BitsimError
from bitsim.gateware.emit.verilog import emit_accelerator
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.host.serial import SerialHostSpec
from bitsim.spec.host.serial_protocol import SILENCE_S
from bitsim.verilated.bench import TOP, bench_folder
from bitsim.verilated.verilator import build

NAME = "accelerator"
MILLION = 1_000_000
WORK_CYCLES = 10_000  # far more than the bridge takes for any request


@dataclass(frozen=True)
class Line:
    """What the line is like.

    skew    how much longer the host's bits are than the board's: 0.02 is 2 %
    damage  probability that a byte is damaged, either way; a third each: one bit is wrong, the byte
            is lost, another byte comes before it
    seed    decides which bytes
    """

    skew: float = 0.0
    damage: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not -0.2 <= self.skew <= 0.2:
            raise BitsimError(f"skew = {self.skew}: must be from -0.2 to 0.2")
        if not 0 <= self.damage <= 0.2:
            raise BitsimError(f"damage = {self.damage}: must be from 0 to 0.2")


PERFECT = Line()


@dataclass(frozen=True)
class Passed:
    """What has passed on the line of a board.

    cycles          cycles that the accelerator has run
    received_bytes  bytes that the accelerator received
    sent_bytes      bytes that it sent
    damaged_bytes   bytes of both kinds that were damaged on the line
    broken_bytes    bytes that it sent with a stop bit of 0
    """

    cycles: int
    received_bytes: int
    sent_bytes: int
    damaged_bytes: int
    broken_bytes: int


def serial_host(accelerator: AcceleratorSpec) -> SerialHostSpec:
    """Its serial line; `BitsimError` if it has none."""
    if not isinstance(accelerator.host, SerialHostSpec):
        raise BitsimError(
            f'{accelerator.name}: has no [host] of kind "serial", so no line that a host could be '
            f"at; take dot_2x10_serial, or a board's accelerator"
        )
    return accelerator.host


def build_serial_process(accelerator: AcceleratorSpec, build_folder: Path) -> Path:
    """The program of this accelerator, built for speed; kept in a folder in `build_folder`."""
    serial_host(accelerator)

    def make_texts() -> dict[str, str]:
        return {f"{NAME}.v": emit_accelerator(NAME, accelerator)}

    parts = (accelerator.array, accelerator.bus, accelerator.host, accelerator.clock_mhz)
    inputs = [*map(repr, parts), code_digest(__name__), foreign(*parts)]
    statics = [bench_folder() / "serial" / "board.cpp"]
    return build(inputs, make_texts, statics, build_folder, "-O2", driven=NAME) / TOP


class SerialProcess:
    """A board from reset on; leave the `with` to end it.

    path  of the terminal that a host opens as a serial port
    """

    def __init__(self, program: Path, accelerator: AcceleratorSpec, line: Line = PERFECT) -> None:
        host = serial_host(accelerator)
        silence_cycles = round(SILENCE_S * accelerator.clock_mhz * 1e6)
        arguments = (
            host.divisor(accelerator.clock_mhz),
            round(line.skew * MILLION),
            silence_cycles + WORK_CYCLES,
            round(line.damage * MILLION),
            line.seed,
        )
        terminal, self._line = pty.openpty()
        try:
            tty.setraw(self._line)
            # Held open, so that the terminal outlives each host that comes and goes.
            self.path = os.ttyname(self._line)
            self._process = subprocess.Popen(
                [program, str(terminal), *map(str, arguments)],
                pass_fds=[terminal],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        finally:
            os.close(terminal)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n", "the simulator did not begin"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def processor_seconds(self) -> float:
        """What it has used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def wait(self) -> None:
        """Wait until the program ends by itself, which is a fault."""
        self._process.wait()

    def stop(self) -> Passed:
        """End the program; returns what has passed. A second call returns the same."""
        if not hasattr(self, "_passed"):
            text, _ = self._process.communicate()
            os.close(self._line)
            assert self._process.returncode == 0, f"status {self._process.returncode}"
            self._passed = Passed(*map(int, text.split()))
        return self._passed
