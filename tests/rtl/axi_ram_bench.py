"""The cocotb test of an accelerator whose memory is cocotbext-axi's: the public model of the bus.

`+plan=FILE` is an .npz: `entries` as in the list memory; bytes `at_ADDRESS` of an image in memory;
`pause_percent` of the cycles in which each channel holds still; `ports` of the masters; `results`
(address, bytes) to be kept. `+kept=FILE` takes those bytes and the errors.
"""

import random
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.axi import AxiRamRead, AxiRamWrite, AxiReadBus, AxiWriteBus
from cocotbext.axi.sparse_memory import SparseMemory

MOST_CYCLES = 40_000
MEMORY_BYTES = 1 << 40


def pauses(seed: int, percent: int):
    """For each cycle, whether a channel holds still."""
    drawn = random.Random(seed)
    while True:
        yield drawn.randrange(100) < percent


@cocotb.test()
async def a_list_ends_whatever_the_channels_do(dut):
    plan = np.load(cocotb.plusargs["plan"])
    memory = SparseMemory(MEMORY_BYTES)
    for name in plan:
        if name.startswith("at_"):
            memory.write(int(name.removeprefix("at_")), plan[name].tobytes())
    Clock(dut.clk, 2, "step", impl="gpi").start()
    dut.rst.value = 1
    dut.start.value = 0
    dut.list_enable.value = 0
    channels = []
    for port in plan["ports"]:
        bus = AxiReadBus.from_prefix(dut, f"m_axi_{port}")
        ram = AxiRamRead(bus, dut.clk, dut.rst, mem=memory)
        channels += [ram.ar_channel, ram.r_channel]
    bus = AxiWriteBus.from_prefix(dut, "m_axi_results")
    ram = AxiRamWrite(bus, dut.clk, dut.rst, mem=memory)
    channels += [ram.aw_channel, ram.w_channel, ram.b_channel]
    for seed, channel in enumerate(channels):
        channel.set_pause_generator(pauses(seed, int(plan["pause_percent"])))
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0
    await RisingEdge(dut.clk)

    for index, entry in enumerate(plan["entries"]):
        dut.list_index.value = index
        dut.list_data.value = int.from_bytes(entry.tobytes(), "little")
        for enable in (0x0F0, 0xF0F):  # an entry in two parts, as a narrow bus would write it
            dut.list_enable.value = enable
            await RisingEdge(dut.clk)
    dut.list_enable.value = 0
    dut.count.value = len(plan["entries"])
    dut.start.value = 1
    await RisingEdge(dut.clk)
    dut.start.value = 0
    await with_timeout(RisingEdge(dut.done), 2 * MOST_CYCLES, "step")
    await ClockCycles(dut.clk, 20)
    assert int(dut.busy.value) == 0
    kept = {
        f"at_{address}": np.frombuffer(memory.read(int(address), int(count)), np.uint8)
        for address, count in plan["results"]
    }
    np.savez(Path(cocotb.plusargs["kept"]), errors=int(dut.errors.value), **kept)
