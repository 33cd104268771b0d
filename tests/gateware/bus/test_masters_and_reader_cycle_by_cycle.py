"""The masters and the list reader, against what a plain loop says of each cycle."""

from __future__ import annotations

import numpy as np
from amaranth.sim import SimulatorContext

from bitsim.gateware.bus.list_reader import ENTRY, ENTRY_WORDS, ListReader
from bitsim.gateware.bus.read_master import ReadMaster
from bitsim.gateware.bus.write_master import WriteMaster
from tests.gateware.bus.stepping import BUS, simulate


async def job(ctx: SimulatorContext, part: ReadMaster | WriteMaster, **fields: int) -> None:
    """Offer a job in this cycle; returns in the next."""
    ctx.set(part.jobs.valid, 1)
    for name, value in fields.items():
        ctx.set(getattr(part.jobs.payload, name), value)
    assert ctx.get(part.jobs.ready) == 1
    await ctx.tick()
    ctx.set(part.jobs.valid, 0)


def test_a_read_master_asks_within_its_limits() -> None:
    """Seven words from the last but one before a boundary, twice; ten places, two in flight."""
    master = ReadMaster(BUS)

    async def bench(ctx: SimulatorContext) -> None:
        axi = master.axi

        async def cycle(ready: int = 0, word: int = 0, last: int = 0, left: int = 0) -> None:
            """One cycle, with what the memory and the FIFO do in it."""
            ctx.set(axi.arready, ready)
            ctx.set(axi.rvalid, word)
            ctx.set(axi.rlast, last)
            ctx.set(master.word_left, left)
            await ctx.tick()

        await job(ctx, master, address=0x2000 - 8, words=7, passes=2)
        assert ctx.get(axi.arvalid) == 0
        await cycle()  # asks for two words
        for _ in range(3):  # not accepted: nothing further, and it stays
            assert (ctx.get(axi.arvalid), ctx.get(axi.araddr)) == (1, 0x1FF8)
            await cycle()
        await cycle(ready=1)  # and asks for four in the same cycle
        assert (ctx.get(axi.arvalid), ctx.get(axi.araddr), ctx.get(axi.arlen)) == (1, 0x2000, 3)
        await cycle(ready=1)
        for _ in range(3):  # two in flight
            assert ctx.get(axi.arvalid) == 0
            await cycle(ready=1)
        await cycle(ready=1, word=1)
        await cycle(ready=1, word=1, last=1)
        assert ctx.get(axi.arvalid) == 0  # the last word was in the cycle before: asked for now
        await cycle(ready=1)
        assert (ctx.get(axi.arvalid), ctx.get(axi.araddr), ctx.get(axi.arlen)) == (1, 0x2010, 0)
        for last in (0, 0, 0, 1):
            await cycle(ready=1, word=1, last=last)  # in the first of these the next pass begins
        assert ctx.get(axi.arvalid) == 0
        await cycle(ready=1)  # seven are reserved: two more fit
        assert (ctx.get(axi.arvalid), ctx.get(axi.araddr), ctx.get(axi.arlen)) == (1, 0x1FF8, 1)
        await cycle(ready=1, word=1, last=1)
        for _ in range(3):  # nine are reserved, and one less in each cycle: no room for four
            assert ctx.get(axi.arvalid) == 0
            await cycle(ready=1, left=1)
        assert ctx.get(axi.arvalid) == 0
        await cycle(ready=1)  # six
        assert (ctx.get(axi.arvalid), ctx.get(axi.araddr), ctx.get(axi.arlen)) == (1, 0x2000, 3)
        assert ctx.get(master.transferred) == 7

    simulate(master, bench)


def test_a_write_master_announces_what_is_there_and_finishes_when_all_is_answered() -> None:
    master = WriteMaster(BUS)

    async def bench(ctx: SimulatorContext) -> None:
        axi = master.axi
        await job(ctx, master, address=0x3000 - 4, words=5)
        await ctx.tick()
        assert ctx.get(axi.awvalid) == 0  # no word is there
        ctx.set(master.ready, 1)
        await ctx.tick()
        assert (ctx.get(axi.awvalid), ctx.get(axi.awaddr), ctx.get(axi.awlen)) == (1, 0x2FFC, 0)
        assert (ctx.get(axi.wvalid), ctx.get(axi.wlast)) == (1, 1)
        ctx.set(axi.wready, 1)
        ctx.set(master.ready, 4)
        for _ in range(3):  # the next four words are there, but this address is not accepted
            await ctx.tick()
            assert (ctx.get(axi.awvalid), ctx.get(axi.awaddr), ctx.get(axi.wvalid)) == (
                1,
                0x2FFC,
                0,
            )
        ctx.set(master.ready, 3)
        ctx.set(axi.awready, 1)
        await ctx.tick()
        assert (ctx.get(axi.awvalid), ctx.get(axi.wvalid)) == (0, 0)
        await ctx.tick()
        assert ctx.get(axi.awvalid) == 0  # three of four words
        ctx.set(master.ready, 4)
        await ctx.tick()
        assert (ctx.get(axi.awvalid), ctx.get(axi.awaddr), ctx.get(axi.awlen)) == (1, 0x3000, 3)
        for word in range(4):
            assert (ctx.get(axi.wvalid), ctx.get(axi.wlast)) == (1, word == 3)
            await ctx.tick()
        assert ctx.get(axi.wvalid) == 0
        ctx.set(axi.bvalid, 1)
        await ctx.tick()
        assert ctx.get(master.finished) == 0
        await ctx.tick()
        ctx.set(axi.bvalid, 0)
        assert ctx.get(master.finished) == 1
        await ctx.tick()
        assert ctx.get(master.finished) == 0
        assert ctx.get(master.transferred) == 5

    simulate(master, bench)


def test_the_reader_takes_a_cycle_to_read_and_one_to_push_and_ends_after_the_last_result() -> None:
    reader = ListReader(BUS)

    async def bench(ctx: SimulatorContext) -> None:
        rng = np.random.default_rng(3)
        entries = [int.from_bytes(rng.bytes(ENTRY.size // 8), "little") for _ in range(3)]
        for index, entry in enumerate(entries):
            for enable in (0b1010101010101, 0b0101010101010):
                ctx.set(reader.list_index, index)
                ctx.set(reader.list_enable, enable)
                lanes = sum(0xFFFFFFFF << 32 * i for i in range(ENTRY_WORDS) if enable >> i & 1)
                ctx.set(reader.list_data, entry & lanes)
                await ctx.tick()
        ctx.set(reader.list_enable, 0)
        for count in (2, 3, 1):
            assert (ctx.get(reader.busy), ctx.get(reader.done)) == (0, count != 2)
            ctx.set(reader.start, 1)
            ctx.set(reader.count, count)
            await ctx.tick()
            ctx.set(reader.count, 3)  # `start` means nothing now
            cycles = 0
            for entry in entries[:count]:
                assert (ctx.get(reader.busy), ctx.get(reader.done)) == (1, 0)
                assert ctx.get(reader.entries.valid) == 0  # READ
                await ctx.tick()
                ctx.set(reader.entries.ready, 0)
                for ready in (0, 0, 1):  # PUSH
                    assert ctx.get(reader.entries.valid) == 1
                    assert ctx.get(reader.entries.payload.as_value()) == entry
                    ctx.set(reader.entries.ready, ready)
                    await ctx.tick()
                cycles += 4
            for _ in range(count):  # WAIT
                ctx.set(reader.finished, 0)
                await ctx.tick()
                assert ctx.get(reader.busy) == 1
                ctx.set(reader.finished, 1)
                await ctx.tick()
                cycles += 2
            ctx.set(reader.finished, 0)
            ctx.set(reader.start, 0)
            assert ctx.get(reader.busy) == 1  # as many are finished at the start of this cycle
            await ctx.tick()
            assert (ctx.get(reader.busy), ctx.get(reader.done)) == (0, 1)
            assert ctx.get(reader.cycles) == cycles + 1

    simulate(reader, bench)
