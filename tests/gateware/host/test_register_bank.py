"""Registers cycle by cycle: what AXI4-Lite would blur."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator, SimulatorContext

from bitsim.gateware.accelerator import AxiAccelerator
from bitsim.gateware.bus.list_reader import ENTRY, ListReader
from bitsim.gateware.emit.platform import flat_ports
from bitsim.gateware.host.csr import Csr
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.catalog import load_accelerator
from bitsim.spec.link.axi4 import ListEntry
from bitsim.spec.registers.map import ENTRY_REGISTERS, entry_words, register_map
from bitsim.spec.registers.register import RegisterMap


@pytest.fixture(scope="module")
def machine() -> AcceleratorSpec:
    return load_accelerator("dot_16x40_axi").changed({"bus.list_entries": 5})


def make_csr(machine: AcceleratorSpec) -> tuple[Csr, RegisterMap]:
    assert machine.bus is not None
    registers = register_map(machine)
    return Csr(registers, machine.bus), registers


def run(part: wiring.Component | Module, bench: object) -> None:
    simulator = Simulator(part)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


async def write(ctx: SimulatorContext, csr: Csr, offset: int, data: int, strobe: int = 15) -> None:
    ctx.set(csr.access.index, offset // 4)
    ctx.set(csr.access.data, data)
    ctx.set(csr.access.strobe, strobe)
    ctx.set(csr.access.write, 1)
    await ctx.tick()
    ctx.set(csr.access.write, 0)


async def read(ctx: SimulatorContext, csr: Csr, offset: int) -> int:
    ctx.set(csr.access.index, offset // 4)
    ctx.set(csr.access.read, 1)
    await ctx.tick()
    ctx.set(csr.access.read, 0)
    return ctx.get(csr.access.answer)


def test_the_halves_of_a_counter_belong_together_while_it_counts(machine: AcceleratorSpec) -> None:
    csr, registers = make_csr(machine)

    async def bench(ctx: SimulatorContext) -> None:
        for number, name in enumerate(registers.counters, 3):
            low, high = registers[f"{name.upper()}_LOW"], registers[f"{name.upper()}_HIGH"]
            counter = getattr(csr, name)
            ctx.set(counter, (number << 32) - 1)
            assert await read(ctx, csr, low.offset) == 0xFFFF_FFFF
            ctx.set(counter, number << 32)
            await ctx.tick().repeat(number)
            assert await read(ctx, csr, high.offset) == number - 1, name
            assert await read(ctx, csr, low.offset) == 0
            assert await read(ctx, csr, high.offset) == number
            ctx.set(counter, (1 << 48) - 2)
            assert await read(ctx, csr, low.offset) == 0xFFFF_FFFE
            assert await read(ctx, csr, high.offset) == 0xFFFF

    run(csr, bench)


def test_what_happens_while_it_is_cleared_stays(machine: AcceleratorSpec) -> None:
    csr, registers = make_csr(machine)
    status = registers["INTERRUPT_STATUS"].offset

    async def bench(ctx: SimulatorContext) -> None:
        await write(ctx, csr, registers["INTERRUPT_ENABLE"].offset, 0b001)
        ctx.set(csr.errors, 0b10)
        await ctx.tick()
        ctx.set(csr.done, 1)
        await write(ctx, csr, status, 0b111)  # in the cycle in which `done` rises
        assert ctx.get(csr.interrupt) == 1
        assert await read(ctx, csr, status) == 0b001
        await write(ctx, csr, status, 0b110)
        assert await read(ctx, csr, status) == 0b001
        await write(ctx, csr, status, 0b001)
        assert ctx.get(csr.interrupt) == 0
        assert await read(ctx, csr, status) == 0
        # Levels that stay do not set it again; a further port's error does.
        ctx.set(csr.errors, 0b11)
        await ctx.tick()
        assert await read(ctx, csr, status) == 0b010
        assert ctx.get(csr.interrupt) == 0

    run(csr, bench)


def test_a_start_is_one_cycle_and_is_refused_while_busy_or_without_a_count(
    machine: AcceleratorSpec,
) -> None:
    csr, registers = make_csr(machine)
    status = registers["INTERRUPT_STATUS"]

    async def started(ctx: SimulatorContext, count: int, busy: int, data: int = 1) -> int:
        await write(ctx, csr, status.offset, 7)
        await write(ctx, csr, registers["COUNT"].offset, count)
        ctx.set(csr.busy, busy)
        ctx.set(csr.access.index, registers["CONTROL"].offset // 4)
        ctx.set(csr.access.data, data)
        ctx.set(csr.access.write, 1)
        now = ctx.get(csr.start)
        assert not now or ctx.get(csr.count) == count
        await ctx.tick()
        ctx.set(csr.access.write, 0)
        assert ctx.get(csr.start) == 0
        refused = status.value_of(await read(ctx, csr, status.offset))["refused"]
        assert refused == (data & 1 and not now)
        return now

    async def bench(ctx: SimulatorContext) -> None:
        assert [await started(ctx, count, 0) for count in (0, 1, 5, 6, 7)] == [0, 1, 1, 0, 0]
        assert await started(ctx, 3, 1) == 0
        assert await started(ctx, 3, 0, data=0xFFFF_FFFE) == 0

    run(csr, bench)


def test_entries_that_are_written_are_those_of_the_list(machine: AcceleratorSpec) -> None:
    """Five entries of random words arrive in the list reader as `ListEntry` has them."""
    csr, registers = make_csr(machine)
    assert machine.bus is not None
    m = Module()
    m.submodules.csr = csr
    m.submodules.reader = reader = ListReader(machine.bus)
    for name in ("list_enable", "list_index", "list_data", "start", "count"):
        m.d.comb += getattr(reader, name).eq(getattr(csr, name))
    rng = np.random.default_rng(1)
    entries = [
        ListEntry(*(int.from_bytes(rng.bytes(field.shape.width // 8), "little")
                    for _, field in ENTRY))
        for _ in range(5)
    ]  # fmt: skip
    found: list[dict[str, int]] = []

    async def bench(ctx: SimulatorContext) -> None:
        index = registers["LIST_INDEX"].offset
        for entry in entries:
            for name, word in zip(ENTRY_REGISTERS, entry_words(entry), strict=True):
                await write(ctx, csr, registers[name].offset, word)
        assert await read(ctx, csr, index) == 5
        # A sixth has no place: nothing is written, and that is said.
        await write(ctx, csr, registers[ENTRY_REGISTERS[0]].offset, 0)
        await write(ctx, csr, registers[ENTRY_REGISTERS[-1]].offset, 0)
        assert await read(ctx, csr, index) == 5
        assert await read(ctx, csr, registers["INTERRUPT_STATUS"].offset) == 4
        # Parts of a word change nothing either.
        await write(ctx, csr, index, 0)
        for strobe in range(15):
            await write(ctx, csr, registers["ENTRY_GROUPS"].offset, 0xFFFF_FFFF, strobe)
            assert ctx.get(csr.access.error) == (strobe != 0)
        await write(ctx, csr, registers["COUNT"].offset, 5)
        await write(ctx, csr, registers["CONTROL"].offset, 1)
        ctx.set(reader.entries.ready, 1)
        while len(found) < len(entries):
            _, _, valid, payload = await ctx.tick().sample(
                reader.entries.valid, reader.entries.payload
            )
            if valid:
                found.append({name: payload[name] for name, _ in ENTRY})

    run(m, bench)
    assert found == [asdict(entry) for entry in entries]


def test_no_output_of_the_registers_follows_an_input_within_a_cycle() -> None:
    """AXI forbids a path through a slave from input to output (IHI 0022, A3.1.1)."""
    small = load_accelerator("dot_16x40_axi").changed(
        {
            "array.columns": 1, "array.lanes": 2, "array.max_k": 8, "array.tree_stages": 0,
            "array.hold": 1, "bus.weight_ports": 1, "bus.data_bits": 32, "bus.list_entries": 2,
        }
    )  # fmt: skip
    top = AxiAccelerator(small)
    ports = flat_ports(top).values()
    inputs = [port for member, port in ports if member.flow == In]
    outputs = [port for member, port in ports if member.flow == Out]
    seen: set[tuple[int, ...]] = set()

    async def bench(ctx: SimulatorContext) -> None:
        rng = np.random.default_rng(6)
        for cycle in range(200):
            before = [ctx.get(output) for output in outputs]
            for _ in range(2):
                for port in inputs:
                    number = int.from_bytes(rng.bytes(16), "little")
                    ctx.set(port, number & ((1 << len(port)) - 1))
                await ctx.delay(1e-8)
                assert [ctx.get(output) for output in outputs] == before, cycle
            seen.add(tuple(before))
            await ctx.tick()

    run(top, bench)
    assert len(seen) > 20, "nothing ever changed"
