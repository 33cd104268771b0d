"""The Verilated accelerator as a process that shares its memory and runs a list on command.

Nothing is written to files and no cycle passes through Python (`rtl/bench/driven`), so that whole
networks can be run.
"""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bitsim.digest import code_digest, foreign
from bitsim.gateware.bus.list_reader import ENTRY
from bitsim.gateware.emit.verilog import emit_tops
from bitsim.gateware.top import read_ports
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.link.axi4 import Axi4BusSpec, ListEntry
from bitsim.trace.world import World
from bitsim.units import BITS_PER_BYTE, Cycles
from bitsim.verilated.bench import TOP, bench_folder
from bitsim.verilated.lists.bench import all_counters
from bitsim.verilated.lists.replay import ListOutcome, list_outcome
from bitsim.verilated.lists.stimulus import entry_bytes
from bitsim.verilated.verilator import build

NAME = "accelerator"
NUMBER_BYTES = 8
FAULT_BYTES = 256  # of text, as rtl/bench/driven/harness.cpp has it


def build_top_process(array: ArraySpec, bus: Axi4BusSpec, build_folder: Path) -> Path:
    """The program of this accelerator, built for speed; kept in a folder in `build_folder`."""
    folder = bench_folder() / "driven"

    def make_texts() -> dict[str, str]:
        return {f"{NAME}.v": emit_tops([(NAME, array, bus)]), "machine.h": _machine_header(bus)}

    statics = [folder / "harness.cpp", folder / "axi_memory.h"]
    inputs = [repr(array), repr(bus), code_digest(__name__), foreign(array, bus)]
    return build(inputs, make_texts, statics, build_folder, "-O2", driven=NAME) / TOP


@dataclass(frozen=True)
class Ended:
    """One list as the Verilog ran it; `fault` is the first broken rule of the bus, or ""."""

    outcome: ListOutcome
    fault: str


class TopProcess:
    """One accelerator from reset on; leave the `with` to end it.

    memory  (memory_bytes,) uint8: what every port reads and writes, from address 0 on
    """

    def __init__(self, program: Path, bus: Axi4BusSpec, world: World, memory_bytes: int) -> None:
        self.bus = bus
        self._counters = len(all_counters(bus))
        shared = os.memfd_create("bitsim")
        try:
            os.ftruncate(shared, memory_bytes)
            self.memory: NDArray[np.uint8] = np.frombuffer(
                mmap.mmap(shared, memory_bytes), np.uint8
            )
            self._process = subprocess.Popen(
                [program, *map(str, [shared, memory_bytes, *_delays(world)])],
                pass_fds=[shared],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        finally:
            os.close(shared)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def start(self, entry: ListEntry, most_cycles: int) -> None:
        """Have a list of this entry run, in the cycle after it is written; then `finish`.

        most_cycles  cycles after which the list is given up
        """
        assert self._process.stdin is not None
        numbers = (entry.results_address, entry.results_words, most_cycles)
        self._process.stdin.write(entry_bytes(entry) + struct.pack("<3Q", *numbers))
        self._process.stdin.flush()

    def finish(self) -> Ended:
        """Wait until the list that was started has ended."""
        assert self._process.stdout is not None
        numbers = self._counters + 3
        answer = self._process.stdout.read(numbers * NUMBER_BYTES + FAULT_BYTES)
        assert len(answer) == numbers * NUMBER_BYTES + FAULT_BYTES, (
            f"the simulator ended with status {self._process.wait()}"
        )
        start_cycle, *end = struct.unpack_from(f"<{numbers}Q", answer)
        fault = answer[numbers * NUMBER_BYTES :].rstrip(b"\0").decode()
        return Ended(list_outcome(self.bus, start_cycle, end), fault)


def _machine_header(bus: Axi4BusSpec) -> str:
    lists = {"READ_PORTS": read_ports(bus), "COUNTERS": all_counters(bus)}
    return "\n".join(
        [
            f"#define WORD_BYTES {bus.word_bytes}",
            f"#define ENTRY_BYTES {ENTRY.size // BITS_PER_BYTE}",
            *(f"#define {name}(X) {' '.join(f'X({n})' for n in of)}" for name, of in lists.items()),
            "",
        ]
    )


def _delays(world: World) -> list[int]:
    """The program's arguments for a memory that behaves alike at all ports and at all times."""
    assert not world.errors, world.errors
    reads: Sequence[object] = [*world.weights, world.activations]
    first, results = world.activations, world.results
    refresh = (first.refresh_period, first.refresh_cycles)
    for read in (*world.weights, first):
        assert [_only(getattr(read, name)) for name in ("accept", "latency", "gap")] == [
            _only(getattr(first, name)) for name in ("accept", "latency", "gap")
        ], reads
        assert (read.refresh_period, read.refresh_cycles) == refresh
    assert (results.refresh_period, results.refresh_cycles) == refresh
    return [
        *refresh,
        *(_only(each) for each in (first.accept, first.latency, first.gap)),
        *(_only(each) for each in (results.accept, results.gap, results.response)),
    ]


def _only(cycles: Cycles) -> int:
    assert cycles.size == 1, cycles
    return int(cycles[0])
