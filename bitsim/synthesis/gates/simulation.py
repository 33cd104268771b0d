"""A mapped netlist at work, cycle by cycle, 64 runs side by side, its switching counted.

Without delays: a net changes at most once a cycle, so hazards are not in the counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.synthesis.gates.memory import GateMemory
from bitsim.synthesis.gates.netlist import ONE
from bitsim.synthesis.gates.program import AND, COPY, NOT, OR, GateProgram

RUNS = 64  # in a word
HALF_OF_RUNS = 0x5555_5555_5555_5555
ALL_RUNS = 0xFFFF_FFFF_FFFF_FFFF


class GateSimulation:
    """Values of all nets. One cycle: `drive` inputs, `settle`, look at outputs, `clock`."""

    def __init__(self, program: GateProgram) -> None:
        self.program = program
        self.cycles = 0  # counted ones
        self._operations = program.table()
        self._values = np.zeros(program.places, np.uint64)
        self._values[ONE] = ALL_RUNS
        self._values[program.netlist.ports["clk"][0]] = HALF_OF_RUNS
        self._before = self._values.copy()
        self.toggles = np.zeros(program.places, np.int64)
        self.ones = np.zeros(program.places, np.int64)
        self._next = np.array([each.next_state for each in program.registers], np.int64)
        self._state = np.array([each.state for each in program.registers], np.int64)
        self._enable = np.array([each.enable for each in program.registers], np.int64)
        self._memories = [
            GateMemory(each) for each in program.netlist.instances if each.kind not in program.cells
        ]

    def drive(self, port: str, words: NDArray[np.uint64] | int) -> None:
        """Put (bits,) words on an input, or one bit on all runs of all its bits."""
        nets = list(self.program.netlist.ports[port])
        if isinstance(words, int):
            self._values[nets] = ALL_RUNS if words else 0
        else:
            self._values[nets] = words

    def number(self, port: str, value: int) -> None:
        """Put the same number on an input in all runs."""
        for bit, net in enumerate(self.program.netlist.ports[port]):
            self._values[net] = ALL_RUNS if value >> bit & 1 else 0

    def read(self, port: str) -> NDArray[np.uint64]:
        """(bits,) words of an output."""
        return self._values[list(self.program.netlist.ports[port])]

    def bit(self, port: str) -> bool:
        """An output of one bit that is the same in all runs."""
        word = int(self.read(port)[0])
        assert word in (0, ALL_RUNS), f"{port} differs between runs"
        return word != 0

    def settle(self) -> None:
        """Everything follows the inputs and the states."""
        _settle(self._operations, self._values)

    def clock(self, counted: bool) -> None:
        """Count what this cycle has changed, then the edge that ends it."""
        if counted:
            self.cycles += 1
            _count(self._values, self._before, self.toggles, self.ones)
        self._before[:] = self._values
        outputs = [each.edge(self._values) for each in self._memories]
        _clock(self._values, self._next, self._state, self._enable)
        for memory, words in zip(self._memories, outputs, strict=True):
            self._values[memory.data_nets] = words


@njit(cache=True)
def _settle(operations, values):
    """operations (n, 4) int32: what, two operands, result; values (places,) uint64, in place."""
    for i in range(operations.shape[0]):
        what = operations[i, 0]
        a = values[operations[i, 1]]
        b = values[operations[i, 2]]
        if what == AND:
            word = a & b
        elif what == OR:
            word = a | b
        elif what == NOT:
            word = ~a
        elif what == COPY:
            word = a
        else:
            word = a ^ b
        values[operations[i, 3]] = word


@njit(cache=True)
def _count(values, before, toggles, ones):
    """Adds (places,) int64 of runs that have changed, and of runs that are 1."""
    for i in range(len(values)):
        toggles[i] += _bits(values[i] ^ before[i])
        ones[i] += _bits(values[i])


@njit(cache=True)
def _bits(word):
    """Ones of a uint64 (Warren, Hacker's Delight, 5-1)."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True)
def _clock(values, following, state, enable):
    """(registers,) int64 places; every next state is read before one is written."""
    words = np.empty(len(state), np.uint64)
    for i in range(len(state)):
        passes = values[enable[i]]
        words[i] = (values[following[i]] & passes) | (values[state[i]] & ~passes)
    for i in range(len(state)):
        values[state[i]] = words[i]
