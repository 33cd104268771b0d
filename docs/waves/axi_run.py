"""One run of a small accelerator: a list over AXI4-Lite, its bursts over AXI4, the interrupt."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from amaranth.sim import SimulatorContext
from capture import Trace, capture

from bitsim.gateware.accelerator import AxiAccelerator
from bitsim.spec.catalog import load_accelerator
from bitsim.spec.link.axi4 import BusLayout
from bitsim.spec.phase import Phase
from bitsim.spec.registers.map import ENTRY_REGISTERS, entry_words, register_map

SPEC = load_accelerator("dot_16x40_axi").changed(
    {
        "array.columns": 2, "array.lanes": 4, "array.slices": 2, "array.hold": 2,
        "array.weight_packing": "2bit", "array.tree_stages": 1, "array.accumulator_bits": 13,
        "array.max_k": 16, "array.weight_fifo_beats": 2, "array.activation_buffer_beats": 8,
        "array.result_fifo_beats": 2, "bus.data_bits": 32, "bus.address_bits": 32,
        "bus.weight_ports": 1, "bus.burst_words": 4, "bus.outstanding": 2,
        "bus.read_fifo_words": 8, "bus.write_fifo_words": 8, "bus.list_entries": 2,
        "bus.results": None,
    }
)  # fmt: skip
PHASE = Phase(name="drawn", n=4, k=12, m=4)
WEIGHTS_AT, ACTIVATIONS_AT, RESULTS_AT = 0x1000, 0x1FF8, 0x3000  # a burst ends at 0x2000
LATENCY = {"weights_0": 3, "activations": 4}  # cycles from an address to its first word
SLOW_WORD = 5  # of activations: two cycles late
RESPONSE = 3
AFTER = 8  # cycles that are shown once the interrupt is cleared

REGISTERS = register_map(SPEC)


def read_memory(dut: AxiAccelerator, port: str) -> Callable[[SimulatorContext], Any]:
    """Answers one read port: addresses at once, words in order."""

    async def bench(ctx: SimulatorContext) -> None:
        axi = dut.m_axi.activations if port == "activations" else dut.m_axi.weights[0]

        waiting: list[list[int]] = []  # address, words, due
        cycle = words = 0
        ctx.set(axi.arready, 1)
        while True:
            late = 2 if port == "activations" and words == SLOW_WORD else 0
            offered = bool(waiting) and cycle >= waiting[0][2] + late
            ctx.set(axi.rvalid, offered)
            if offered:
                address, left, _ = waiting[0]
                ctx.set(axi.rdata, address * 0x01010101 & 0xFFFFFFFF)
                ctx.set(axi.rlast, left == 1)
            await ctx.delay(1e-8)
            if offered and ctx.get(axi.rready):
                words += 1
                waiting[0][0] += SPEC.bus.word_bytes
                waiting[0][1] -= 1
                waiting[0][2] = cycle + 1
                if waiting[0][1] == 0:
                    waiting.pop(0)
                    if waiting:
                        waiting[0][2] = max(waiting[0][2], cycle + 1)
            if ctx.get(axi.arvalid):
                first, count = ctx.get(axi.araddr), ctx.get(axi.arlen) + 1
                waiting.append([first, count, cycle + LATENCY[port]])
            await ctx.tick()
            cycle += 1

    return bench


def write_memory(dut: AxiAccelerator) -> Callable[[SimulatorContext], Any]:
    """Takes results: every third address and every fifth word wait a cycle."""

    async def bench(ctx: SimulatorContext) -> None:
        axi = dut.m_axi.results
        cycle = addresses = words = complete = answered = 0
        held_address = held_word = False
        due: list[int] = []
        while True:
            ctx.set(axi.awready, addresses % 3 != 2 or held_address)
            ctx.set(axi.wready, words % 5 != 2 or held_word)
            ctx.set(axi.bvalid, bool(due) and cycle >= due[0])
            await ctx.delay(1e-8)
            if ctx.get(axi.bvalid):
                due.pop(0)
            if ctx.get(axi.awvalid):
                held_address = not ctx.get(axi.awready)
                addresses += not held_address
            if ctx.get(axi.wvalid):
                held_word = not ctx.get(axi.wready)
                words += not held_word
                if not held_word and ctx.get(axi.wlast):
                    complete += 1
            if answered < min(complete, addresses):
                answered += 1
                due.append(cycle + RESPONSE)
            await ctx.tick()
            cycle += 1

    return bench


def host(dut: AxiAccelerator) -> Callable[[SimulatorContext], Any]:
    """The processor: writes the list, starts it, sleeps until the interrupt, clears it."""

    async def write(ctx: SimulatorContext, offset: int, value: int) -> None:
        ctx.set(dut.s_axi.awaddr, offset)
        ctx.set(dut.s_axi.wdata, value)
        ctx.set(dut.s_axi.wstrb, 0xF)
        waiting = {"aw", "w"}
        while waiting:
            for channel in ("aw", "w"):
                ctx.set(getattr(dut.s_axi, f"{channel}valid"), channel in waiting)
            await ctx.delay(1e-8)
            waiting -= {c for c in waiting if ctx.get(getattr(dut.s_axi, f"{c}ready"))}
            await ctx.tick()
        ctx.set(dut.s_axi.awvalid, 0)
        ctx.set(dut.s_axi.wvalid, 0)
        await answer(ctx, "b")

    async def answer(ctx: SimulatorContext, channel: str) -> None:
        ctx.set(getattr(dut.s_axi, f"{channel}ready"), 1)
        while True:
            await ctx.delay(1e-8)
            done = ctx.get(getattr(dut.s_axi, f"{channel}valid"))
            await ctx.tick()
            if done:
                break
        ctx.set(getattr(dut.s_axi, f"{channel}ready"), 0)

    async def read(ctx: SimulatorContext, offset: int) -> None:
        ctx.set(dut.s_axi.araddr, offset)
        ctx.set(dut.s_axi.arvalid, 1)
        await ctx.delay(1e-8)
        assert ctx.get(dut.s_axi.arready)
        await ctx.tick()
        ctx.set(dut.s_axi.arvalid, 0)
        await answer(ctx, "r")

    async def bench(ctx: SimulatorContext) -> None:
        layout = BusLayout(SPEC.array, SPEC.bus)
        entry = layout.entry(PHASE, WEIGHTS_AT, 0, ACTIVATIONS_AT, RESULTS_AT)
        first = REGISTERS[ENTRY_REGISTERS[0]].offset
        for place, word in enumerate(entry_words(entry)):
            await write(ctx, first + 4 * place, word)
        await write(ctx, REGISTERS["COUNT"].offset, 1)
        await write(ctx, REGISTERS["INTERRUPT_ENABLE"].offset, 1)
        await write(ctx, REGISTERS["CONTROL"].offset, 1)
        for _ in range(2000):
            if ctx.get(dut.irq):
                break
            await ctx.tick()
        assert ctx.get(dut.irq), "the list did not end"
        await ctx.tick()
        await read(ctx, REGISTERS["STATUS"].offset)
        await write(ctx, REGISTERS["INTERRUPT_STATUS"].offset, 1)
        for _ in range(AFTER):
            await ctx.tick()

    return bench


@cache
def run() -> Trace:
    """Every cycle of it."""
    dut = AxiAccelerator(SPEC)
    reads = [read_memory(dut, port) for port in LATENCY]
    return capture(dut, host(dut), *reads, write_memory(dut))
