"""The cocotb test of the bench: resets all machines, lets the clock run in C, waits for the end.

Python sleeps while the machines run. Each writes what it did into its folder under `+work=FOLDER`
when it has finished, or when the bench gives up; `wall_s.txt` says how long a round took, loading
left out. `BITSIM_MOST_CYCLES` has a number for each round:
how many cycles it may take; every round begins with a reset and reads its own streams.
"""

import os
import time
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, SimTimeoutError, with_timeout

PERIOD_STEPS = 2


@cocotb.test()
async def every_machine_finishes(dut):
    """Fails when a machine waits for ever: a phase that does not end, a beat that is not taken."""
    dut.rst.value = 1
    dut.give_up.value = 0
    Clock(dut.clk, PERIOD_STEPS, "step", impl="gpi").start()
    work = Path(cocotb.plusargs["work"])
    endless = []
    for index, most_cycles in enumerate(map(int, os.environ["BITSIM_MOST_CYCLES"].split(","))):
        dut.round.value = index
        dut.rst.value = 1
        await ClockCycles(dut.clk, 4)
        dut.rst.value = 0
        started = time.perf_counter()
        try:
            await with_timeout(RisingEdge(dut.done), most_cycles * PERIOD_STEPS, "step")
            wall_s = time.perf_counter() - started
            (work / f"round_{index}" / "wall_s.txt").write_text(f"{wall_s}\n")
        except SimTimeoutError:
            endless.append(index)
            dut.give_up.value = 1
            await ClockCycles(dut.clk, 4)
            dut.give_up.value = 0
    assert not endless, f"rounds that did not end: {endless}"
