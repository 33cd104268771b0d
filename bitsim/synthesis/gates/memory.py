"""A memory that is not in the cells: one port that writes, one that reads into a register."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError
from bitsim.synthesis.gates.netlist import Instance

_BOTH = {"RD_PORTS": 1, "WR_PORTS": 1, "RD_CLK_ENABLE": 1}


class GateMemory:
    """Its addresses are the same in all runs, which a netlist's own control makes them.

    data_nets  of its output, which the one who clocks it writes
    """

    def __init__(self, instance: Instance) -> None:
        numbers = {
            name: int(text, 2) for name, text in instance.parameters.items() if _binary(text)
        }
        for name, wanted in _BOTH.items():
            if numbers.get(name) != wanted:
                raise BitsimError(
                    f"--power: {instance.module}: a memory with {name} = {numbers.get(name)}; only "
                    f"one port that writes and one that reads can be simulated"
                )
        pins = instance.pins
        self.data_nets = list(pins["RD_DATA"])
        self._read_address, self._write_address = list(pins["RD_ADDR"]), list(pins["WR_ADDR"])
        self._read_enable = list(pins["RD_EN"])
        self._write_enable, self._write_data = list(pins["WR_EN"]), list(pins["WR_DATA"])
        self._rows = np.zeros((numbers["SIZE"], numbers["WIDTH"]), np.uint64)
        self._output = np.zeros(numbers["WIDTH"], np.uint64)

    def edge(self, values: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """(width,) what the output is from now on; reads what was there before the write."""
        if values[self._read_enable[0]]:
            self._output = self._rows[_address(values[self._read_address])].copy()
        enabled = values[self._write_enable]
        if enabled.any():
            row = self._rows[_address(values[self._write_address])]
            row[:] = (values[self._write_data] & enabled) | (row & ~enabled)
        return self._output


def _binary(text: str) -> bool:
    return bool(text) and set(text) <= {"0", "1"} and len(text) <= 64


def _address(words: NDArray[np.uint64]) -> int:
    address = 0
    for bit, word in enumerate(words):
        assert word in (0, 0xFFFF_FFFF_FFFF_FFFF), "an address that differs between runs"
        address |= (1 << bit) if word else 0
    return address
