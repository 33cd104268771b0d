"""The bus of these tests, and a part stepped under a bench."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Elaboratable
from amaranth.sim import Simulator, SimulatorContext

from bitsim.spec.link.axi4 import Axi4BusSpec

BUS = Axi4BusSpec(
    kind="axi4",
    data_bits=32,
    address_bits=32,
    weight_ports=1,
    burst_words=4,
    outstanding=2,
    read_fifo_words=10,
    write_fifo_words=5,
    list_entries=3,
)


def simulate(part: Elaboratable, bench: Callable[[SimulatorContext], Any]) -> None:
    simulator = Simulator(part)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
