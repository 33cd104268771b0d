"""The cocotb tests of an accelerator's registers, with cocotbext-axi as master and as memory.

`+plan=FILE` is an .npz: `spec` (JSON of the accelerator), `entries` as words of the list, bytes
`at_ADDRESS` of an image in memory, `results` (address, bytes) to be kept in `+kept=FILE`.
"""

import json
import random
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge, resume
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiRamRead,
    AxiRamWrite,
    AxiReadBus,
    AxiWriteBus,
)
from cocotbext.axi.constants import AxiResp
from cocotbext.axi.sparse_memory import SparseMemory

from bitsim.fpga.line.driver import Driver
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.link.axi4 import ListEntry
from bitsim.spec.registers.map import ENTRY_REGISTERS, register_map
from bitsim.spec.registers.register import WINDOW_BYTES

PLAN = np.load(cocotb.plusargs["plan"])
SPEC = AcceleratorSpec.model_validate_json(str(PLAN["spec"]))
REGISTERS = register_map(SPEC)
BY_OFFSET = {register.offset: register for register in REGISTERS}
OPERATIONS = 1500


def pauses(seed, percent):
    """For each cycle, whether a channel holds still."""
    drawn = random.Random(seed)
    while True:
        yield drawn.randrange(100) < percent


class Shadow:
    """What the registers hold, worked out from their description alone."""

    def __init__(self):
        self.held = {
            register.name: sum((field.constant or 0) << field.low for field in register.fields)
            for register in REGISTERS
        }

    def write(self, register, mask, data):
        """True if it is done; nothing is started here."""
        name = register.name
        needed = 0xFFFFFFFF if name in ENTRY_REGISTERS else 0xFF if name == "CONTROL" else 0
        if needed and mask & needed not in (0, needed):
            return False
        for field in register.fields:
            bits = field.mask & mask
            if field.access == "rw":
                self.held[name] = self.held[name] & ~bits | data & bits
            elif field.access == "w1c":
                self.held[name] &= ~(data & bits)
        if needed and mask & needed:
            self._refuse_or_count(name, data)
        return True

    def _refuse_or_count(self, name, data):
        refused = name == "CONTROL" and data & 1
        if name in ENTRY_REGISTERS:
            refused = self.held["LIST_INDEX"] >= SPEC.bus.list_entries
            self.held["LIST_INDEX"] += name == ENTRY_REGISTERS[-1] and not refused
        if refused:
            self.held["INTERRUPT_STATUS"] |= REGISTERS["INTERRUPT_STATUS"].field("refused").mask


async def started(dut, percent):
    """Clock, memory, reset, and the master, whose channels hold still so often."""
    Clock(dut.clk, 2, "step", impl="gpi").start()
    memory = SparseMemory(1 << 40)
    for name in PLAN:
        if name.startswith("at_"):
            memory.write(int(name.removeprefix("at_")), PLAN[name].tobytes())
    for port in PLAN["ports"]:
        bus = AxiReadBus.from_prefix(dut, f"m_axi_{port}")
        AxiRamRead(bus, dut.clk, dut.rst, mem=memory)
    AxiRamWrite(AxiWriteBus.from_prefix(dut, "m_axi_results"), dut.clk, dut.rst, mem=memory)
    dut.rst.value = 1
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
    channels = [
        master.write_if.aw_channel,
        master.write_if.w_channel,
        master.write_if.b_channel,
        master.read_if.ar_channel,
        master.read_if.r_channel,
    ]
    for seed, channel in enumerate(channels):
        channel.set_pause_generator(pauses(seed, percent))
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    return master, memory


@cocotb.test()
@cocotb.parametrize(percent=[0, 60])
async def registers_do_what_their_description_says(dut, percent):
    master, _ = await started(dut, percent)
    shadow = Shadow()
    drawn = random.Random(percent)
    often = [r.offset for r in REGISTERS if any(f.access != "ro" for f in r.fields)]
    outside = 0
    for _ in range(OPERATIONS):
        offset = (
            drawn.choice(often) if drawn.random() < 0.7 else 4 * drawn.randrange(WINDOW_BYTES // 4)
        )
        register = BY_OFFSET.get(offset)
        outside += register is None
        if drawn.random() < 0.5:
            # No start that would run a list of noise: COUNT stays 0 in front of it.
            if register is not None and register.name == "CONTROL":
                await master.write(REGISTERS["COUNT"].offset, bytes(4))
                shadow.write(REGISTERS["COUNT"], 0xFFFFFFFF, 0)
            first = drawn.choice([0, 0, 0, 1, 2, 3])
            data = drawn.randbytes(drawn.randrange(1, 5 - first))
            answer = await master.write(offset + first, data)
            word = int.from_bytes(data, "little") << 8 * first
            mask = ((1 << 8 * len(data)) - 1) << 8 * first
            done = register is not None and shadow.write(register, mask, word)
            assert answer.resp == (AxiResp.OKAY if done else AxiResp.SLVERR), hex(offset)
        else:
            answer = await master.read(offset, 4)
            assert answer.resp == (AxiResp.SLVERR if register is None else AxiResp.OKAY)
            found = int.from_bytes(answer.data, "little")
            assert found == (shadow.held[register.name] if register else 0), hex(offset)
        held = shadow.held["INTERRUPT_ENABLE"] & shadow.held["INTERRUPT_STATUS"]
        await Timer(1, "step")
        assert int(dut.irq.value) == (held != 0)
    assert outside > OPERATIONS // 10


@cocotb.test()
@cocotb.parametrize(percent=[0, 40])
async def reads_and_writes_at_once_do_not_meet(dut, percent):
    master, _ = await started(dut, percent)
    drawn = random.Random(9)
    constants = [r for r in REGISTERS if all(f.constant is not None for f in r.fields)]
    shadow = Shadow()

    async def read():
        for _ in range(300):
            register = drawn.choice(constants)
            answer = await master.read(register.offset, 4)
            assert answer.resp == AxiResp.OKAY
            assert int.from_bytes(answer.data, "little") == shadow.held[register.name]

    reader = cocotb.start_soon(read())
    while not reader.done():
        count = drawn.randrange(SPEC.bus.list_entries + 1)
        outside = drawn.random() < 0.3
        offset = WINDOW_BYTES - 4 if outside else REGISTERS["COUNT"].offset
        answer = await master.write(offset, count.to_bytes(4, "little"))
        assert answer.resp == (AxiResp.SLVERR if outside else AxiResp.OKAY)
        await ClockCycles(dut.clk, 1 + drawn.randrange(4))
    await reader
    await master.write(REGISTERS["COUNT"].offset, b"\x03\x00\x00\x00")
    answer = await master.read(REGISTERS["COUNT"].offset, 4)
    assert answer.data == b"\x03\x00\x00\x00"


@cocotb.test()
async def no_ready_waits_for_a_valid_and_none_depends_on_one(dut):
    await started(dut, 0)
    for channel in ("ar", "aw", "w"):
        ready, valid = getattr(dut, f"s_axi_{channel}ready"), getattr(dut, f"s_axi_{channel}valid")
        await FallingEdge(dut.clk)
        assert int(ready.value) == 1
        valid.value = 1
        await Timer(1, "step")
        assert int(ready.value) == 1
        valid.value = 0
        await Timer(1, "step")
    await RisingEdge(dut.clk)


class Port:
    """Registers over the bus model, for the driver's thread."""

    def __init__(self, master):
        self.read_registers = resume(self._read)
        self.write_registers = resume(self._write)
        self._master = master

    async def _read(self, offset, count):
        words = []
        for index in range(count):
            answer = await self._master.read(offset + 4 * index, 4)
            assert answer.resp == AxiResp.OKAY
            words.append(int.from_bytes(answer.data, "little"))
        return words

    async def _write(self, offset, words):
        for index, word in enumerate(words):
            answer = await self._master.write(offset + 4 * index, word.to_bytes(4, "little"))
            assert answer.resp == AxiResp.OKAY


@cocotb.test()
async def the_driver_runs_a_list_and_the_interrupt_says_when(dut):
    master, memory = await started(dut, 30)
    driver = Driver(Port(master), REGISTERS, "simulated board")
    entries = [ListEntry(*map(int, entry)) for entry in PLAN["entries"]]

    def run():
        driver.identify()
        driver.write_list(entries)
        driver.write("INTERRUPT_ENABLE", done=1, error=1, refused=0)
        driver.start(len(entries))

    def look():
        driver.wait(most_s=60)
        before = driver.read("INTERRUPT_STATUS")
        driver.write("INTERRUPT_STATUS", done=1)
        return before, driver.counters()

    await bridge(run)()
    assert int(dut.irq.value) == 0
    await RisingEdge(dut.irq)
    status, counters = await bridge(look)()
    assert status == {"done": 1, "error": 0, "refused": 0}
    await ClockCycles(dut.clk, 4)
    assert int(dut.irq.value) == 0
    kept = {
        f"at_{address}": np.frombuffer(memory.read(int(address), int(count)), np.uint8)
        for address, count in PLAN["results"]
    }
    np.savez(Path(cocotb.plusargs["kept"]), counters=json.dumps(counters), **kept)
