"""The parts around the array, each at t - 1 and at t, as docs/top.md says."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.sim import SimulatorContext

from bitsim.gateware.bus.gearbox import Gearbox
from bitsim.gateware.bus.read_master import ReadMaster
from bitsim.gateware.bus.read_port import ReadPort, word_fifo
from bitsim.gateware.bus.write_master import WriteMaster
from bitsim.gateware.bus.write_port import WritePort
from bitsim.gateware.results.cutter import ResultCutter
from tests.gateware.bus.stepping import BUS, simulate


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_a_word_leaves_the_fifo_two_cycles_after_it_entered_at_the_earliest(size: int) -> None:
    """Against a list of (word, cycle of entry), with pushes and pops at random."""
    fifo = word_fifo(8, size)
    rng = np.random.default_rng(size)
    fullest = 0

    async def bench(ctx: SimulatorContext) -> None:
        nonlocal fullest
        held: list[tuple[int, int]] = []
        for cycle in range(400):
            busy = 0.9 if cycle % 100 < 50 else 0.3
            can_leave = sum(entered <= cycle - 2 for _, entered in held)
            assert ctx.get(fifo.level) == len(held)
            assert ctx.get(fifo.r_rdy) == (can_leave > 0)
            if can_leave:
                assert ctx.get(fifo.r_data) == held[0][0]
            push = len(held) < size and rng.random() < busy
            pop = can_leave > 0 and rng.random() < 1.1 - busy
            word = int(rng.integers(256))
            assert ctx.get(fifo.w_rdy) or not push
            ctx.set(fifo.w_en, push)
            ctx.set(fifo.w_data, word)
            ctx.set(fifo.r_en, pop)
            if pop:
                held.pop(0)
            if push:
                held.append((word, cycle))
            fullest = max(fullest, len(held))
            await ctx.tick()

    simulate(fifo, bench)
    assert fullest == size


def test_a_read_port_keeps_all_that_it_asked_for_and_two_jobs_beside_the_one_at_work() -> None:
    port = ReadPort("port", BUS, 1, 32)
    words = [7, 11, 13, 17, 19, 23, 29, 31, 37, 41]
    assert len(words) == BUS.read_fifo_words

    async def bench(ctx: SimulatorContext) -> None:
        axi = port.axi
        ctx.set(port.jobs.payload.passes, 1)
        ctx.set(port.jobs.payload.words, 5)  # bursts of 4 and of 1
        ctx.set(port.jobs.valid, 1)
        taken = 0
        for _ in range(12):  # no address is accepted
            taken += ctx.get(port.jobs.ready)
            await ctx.tick()
        assert taken == 3
        ctx.set(port.jobs.valid, 0)
        ctx.set(axi.arready, 1)
        waiting: list[int] = []  # lengths of bursts
        left = list(words)
        for _ in range(40):  # nobody takes a beat but the gearbox, one
            if ctx.get(axi.arvalid):
                waiting.append(ctx.get(axi.arlen) + 1)
            ctx.set(axi.rvalid, bool(waiting and left))
            if waiting and left:
                ctx.set(axi.rdata, left.pop(0))
                waiting[0] -= 1
                ctx.set(axi.rlast, waiting[0] == 0)
                if not waiting[0]:
                    waiting.pop(0)
            await ctx.tick()
        assert not left
        ctx.set(axi.rvalid, 0)
        found = []
        ctx.set(port.beats.ready, 1)
        for _ in range(len(words)):
            assert ctx.get(port.beats.valid) == 1
            found.append(ctx.get(port.beats.payload))
            await ctx.tick()
        assert found == words
        assert ctx.get(port.beats.valid) == 0

    simulate(port, bench)


def test_a_write_port_takes_what_its_fifo_holds_and_announces_a_burst_when_all_can_leave() -> None:
    port = WritePort(BUS, 1, 32, 1)

    async def bench(ctx: SimulatorContext) -> None:
        axi = port.axi
        ctx.set(port.jobs.payload.words, 9)
        ctx.set(port.jobs.valid, 1)
        await ctx.tick()
        ctx.set(port.jobs.valid, 0)
        await ctx.tick()
        await ctx.tick()  # the master has the job
        ctx.set(port.beats.valid, 1)
        taken, announced = [], []
        for cycle in range(12):
            ctx.set(port.beats.payload, 100 + cycle)
            if ctx.get(port.beats.ready):
                taken.append(cycle)
            if ctx.get(axi.awvalid):
                announced.append(cycle)
            await ctx.tick()
        # One stays in the cutter. The fourth enters the FIFO in cycle 4 and can leave in cycle 6.
        assert taken == [0, 1, 2, 3, 4, 5]
        assert len(taken) == BUS.write_fifo_words + 1
        assert announced[0] == 7
        assert (ctx.get(axi.awlen), ctx.get(axi.wdata)) == (3, 100)
        ctx.set(axi.wready, 1)
        await ctx.tick()  # one word leaves: from the next cycle on there is room for one
        ctx.set(axi.wready, 0)
        assert (ctx.get(axi.wdata), ctx.get(port.beats.ready)) == (101, 1)

    simulate(port, bench)


@pytest.mark.parametrize("beat_words", [1, 3])
def test_the_gearbox_takes_a_word_while_its_beat_is_not_whole_or_leaves(beat_words: int) -> None:
    """A beat of one byte less than its words: the last byte is dropped."""
    gearbox = Gearbox(16, beat_words, 16 * beat_words - 8)
    rng = np.random.default_rng(beat_words)
    left = 0

    async def bench(ctx: SimulatorContext) -> None:
        nonlocal left
        held: list[int] = []
        for _ in range(300):
            valid, ready, word = rng.random() < 0.7, rng.random() < 0.6, int(rng.integers(1 << 16))
            ctx.set(gearbox.words.valid, valid)
            ctx.set(gearbox.words.payload, word)
            ctx.set(gearbox.beats.ready, ready)
            whole = len(held) == beat_words
            assert ctx.get(gearbox.beats.valid) == whole
            if whole:
                number = sum(each << 16 * i for i, each in enumerate(held))
                assert ctx.get(gearbox.beats.payload) == number & ((1 << 16 * beat_words - 8) - 1)
            takes = not whole or ready
            assert ctx.get(gearbox.words.ready) == takes
            if whole and ready:
                held.clear()
                left += 1
            if valid and takes:
                held.append(word)
            await ctx.tick()

    simulate(gearbox, bench)
    assert left > 20


@pytest.mark.parametrize(("sums", "sum_bits", "word_bits"), [(3, 12, 64), (1, 40, 32), (5, 32, 64)])
def test_the_cutter_widens_sums_and_takes_the_next_beat_with_the_last_word(
    sums: int, sum_bits: int, word_bits: int
) -> None:
    cutter = ResultCutter(sums, sum_bits, word_bits)
    rng = np.random.default_rng(sum_bits)
    most = min(1 << (sum_bits - 1), 1 << 31)
    taken = 0

    async def bench(ctx: SimulatorContext) -> None:
        nonlocal taken
        rest: list[int] = []  # words still to come
        for _ in range(300):
            values = [int(rng.integers(-most, most)) for _ in range(sums - 1)] + [-most]
            valid, ready = rng.random() < 0.7, rng.random() < 0.7
            ctx.set(cutter.beats.valid, valid)
            ctx.set(cutter.beats.payload, packed(values, sum_bits))
            ctx.set(cutter.words.ready, ready)
            assert ctx.get(cutter.words.valid) == bool(rest)
            if rest:
                assert ctx.get(cutter.words.payload) == rest[0]
            takes = not rest or (len(rest) == 1 and ready)
            assert ctx.get(cutter.beats.ready) == takes
            if rest and ready:
                rest.pop(0)
            if valid and takes:
                number, taken = packed(values, 32), taken + 1
                words = range(-(-32 * sums // word_bits))
                rest = [number >> word_bits * i & ((1 << word_bits) - 1) for i in words]
            await ctx.tick()

    simulate(cutter, bench)
    assert taken > 20


def packed(values: list[int], bits: int) -> int:
    return sum((value & ((1 << bits) - 1)) << bits * i for i, value in enumerate(values))


async def job(ctx: SimulatorContext, part: ReadMaster | WriteMaster, **fields: int) -> None:
    """Offer a job in this cycle; returns in the next."""
    ctx.set(part.jobs.valid, 1)
    for name, value in fields.items():
        ctx.set(getattr(part.jobs.payload, name), value)
    assert ctx.get(part.jobs.ready) == 1
    await ctx.tick()
    ctx.set(part.jobs.valid, 0)
