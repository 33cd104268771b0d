"""The serial line, against a sender and a listener whose clocks are their own."""

from __future__ import annotations

import random

import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator, SimulatorContext

from bitsim.gateware.serial.uart import UartReceiver, UartTransmitter

PERIOD_S = 1e-6
Level = tuple[int, float]  # of the line, and for how many bits


def bits_of(byte: int, stop: int = 1) -> list[Level]:
    return [(level, 1.0) for level in (0, *(byte >> place & 1 for place in range(8)), stop)]


def received(
    divisor: int, levels: list[Level], bit_error: float = 0.0, phase: float = 0.0
) -> tuple[list[int], int]:
    """Bytes, and how often the stop bit was 0, for a line that goes through these levels.

    bit_error  of the sender's bits; 0.02 is 2 % longer
    phase      of a clock cycle, by which the sender begins later
    """
    receiver = UartReceiver(divisor)
    octets: list[int] = []
    broken = 0
    bit_s = divisor * PERIOD_S * (1 + bit_error)

    async def send(ctx: SimulatorContext) -> None:
        ctx.set(receiver.line, 1)
        await ctx.delay((5 + phase) * PERIOD_S)
        for level, bits in levels:
            ctx.set(receiver.line, level)
            await ctx.delay(bits * bit_s)
        ctx.set(receiver.line, 1)
        await ctx.delay(12 * bit_s)

    async def listen(ctx: SimulatorContext) -> None:
        nonlocal broken
        async for _, reset, valid, payload, is_broken in ctx.tick().sample(
            receiver.octets.valid, receiver.octets.payload, receiver.broken
        ):
            assert not reset
            assert not (valid and is_broken)
            octets.extend([payload] if valid else [])
            broken += is_broken

    simulator = Simulator(receiver)
    simulator.add_clock(PERIOD_S)
    simulator.add_testbench(send)
    simulator.add_testbench(listen, background=True)
    simulator.run()
    return octets, broken


WORST = [0x00, 0xFF, 0x55, 0xAA, 0x80, 0x01, 0x7F, 0xFE, 0xA5]


@pytest.mark.parametrize("bit_error", [-0.03, -0.02, 0.0, 0.02, 0.03])
@pytest.mark.parametrize("divisor", [8, 11, 16, 104])
def test_bytes_one_behind_the_other_arrive_from_a_sender_that_is_too_fast_or_slow(
    divisor: int, bit_error: float
) -> None:
    drawn = random.Random(divisor)
    data = WORST + [drawn.randrange(256) for _ in range(12)] if divisor < 100 else WORST[:4]
    for phase in (0.0, 0.35, 0.8) if divisor < 100 else (0.5,):
        levels = [level for byte in data for level in bits_of(byte)]
        assert received(divisor, levels, bit_error, phase) == (data, 0)


def test_a_stop_bit_that_is_0_is_said_and_the_next_byte_is_right() -> None:
    for rest in (0.0, 0.4, 3.0, 40.0):  # bits that the line stays 0 for: a break
        levels = [*bits_of(0x12), *bits_of(0x34, stop=0), (0, rest), (1, 1.0), *bits_of(0x56)]
        assert received(16, levels) == ([0x12, 0x56], 1), rest


def test_a_line_that_is_0_for_ever_is_one_broken_byte() -> None:
    assert received(16, [(0, 100.0)]) == ([], 1)


@pytest.mark.parametrize("bits", [1 / 16, 3 / 16, 6 / 16])
def test_a_short_fall_is_no_start_bit(bits: float) -> None:
    levels = [(0, bits), (1, 0.7), *bits_of(0x9C), (1, 0.5), (0, bits), (1, 2.0)]
    assert received(16, levels) == ([0x9C], 0)


def test_a_bit_is_the_majority_of_its_samples() -> None:
    """A sixteenth of a bit is wrong, anywhere in any bit of a byte behind the start's edge."""
    for place in (1, 5, 8, 9):
        for sixteenth in range(1, 15, 2):
            levels = bits_of(0x5A)
            level, _ = levels[place]
            spike = [(level, sixteenth / 16), (1 - level, 1 / 16), (level, (15 - sixteenth) / 16)]
            levels[place : place + 1] = spike
            assert received(16, [*levels, (1, 1.0)]) == ([0x5A], 0), (place, sixteenth)


@pytest.mark.parametrize("divisor", [8, 13, 16])
def test_what_is_sent_has_the_form_and_length_of_its_bits(divisor: int) -> None:
    transmitter = UartTransmitter(divisor)
    data = [*WORST, 0x3C]
    line: list[int] = []

    async def feed(ctx: SimulatorContext) -> None:
        for byte in data:
            ctx.set(transmitter.octets.payload, byte)
            ctx.set(transmitter.octets.valid, 1)
            await ctx.tick().until(transmitter.octets.ready)
        ctx.set(transmitter.octets.valid, 0)
        await ctx.tick().repeat(11 * divisor)

    async def listen(ctx: SimulatorContext) -> None:
        async for _, _, level in ctx.tick().sample(transmitter.line):
            line.append(level)

    simulator = Simulator(transmitter)
    simulator.add_clock(PERIOD_S)
    simulator.add_testbench(feed)
    simulator.add_testbench(listen, background=True)
    simulator.run()
    place = 0
    for byte in data:
        place = line.index(0, place)
        frame = line[place : place + 10 * divisor]
        expected = [level for level, _ in bits_of(byte) for _ in range(divisor)]
        assert frame == expected, hex(byte)
        place += 10 * divisor
    assert set(line[place:]) == {1}


def test_receiver_and_transmitter_understand_each_other() -> None:
    m = Module()
    m.submodules.sender = sender = UartTransmitter(8)
    m.submodules.receiver = receiver = UartReceiver(8)
    m.d.comb += receiver.line.eq(sender.line)
    data = list(range(256))
    found: list[int] = []

    async def feed(ctx: SimulatorContext) -> None:
        for byte in data:
            ctx.set(sender.octets.payload, byte)
            ctx.set(sender.octets.valid, 1)
            await ctx.tick().until(sender.octets.ready)
        ctx.set(sender.octets.valid, 0)
        await ctx.tick().repeat(100)

    async def listen(ctx: SimulatorContext) -> None:
        octets = receiver.octets
        async for _, _, valid, payload in ctx.tick().sample(octets.valid, octets.payload):
            found.extend([payload] if valid else [])

    simulator = Simulator(m)
    simulator.add_clock(PERIOD_S)
    simulator.add_testbench(feed)
    simulator.add_testbench(listen, background=True)
    simulator.run()
    assert found == data
