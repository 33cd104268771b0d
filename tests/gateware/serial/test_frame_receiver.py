"""Frames byte by byte, and the masters' turns at the memory: what the line alone does not show."""

from __future__ import annotations

import struct
from binascii import crc_hqx
from collections import Counter

import pytest
from amaranth.sim import Simulator, SimulatorContext

from bitsim.gateware.serial.frame_receiver import FrameReceiver
from bitsim.gateware.serial.onchip_memory import OnchipMemory
from bitsim.spec.host.serial_protocol import CRC_INIT, Kind
from bitsim.spec.link.axi4 import Axi4BusSpec

SILENCE = 30


def frame(data: bytes) -> bytes:
    body = struct.pack("<IH", 0x1234_5678, len(data) // 4) + data
    checked = bytes([Kind.WRITE_MEMORY, 77]) + struct.pack("<H", len(body)) + body
    return b"\xa5" + checked + struct.pack(">H", crc_hqx(checked, CRC_INIT))


def arrivals(
    data: bytes, broken_at: int | None = None, deaf_at: int | None = None
) -> tuple[list[int], list[tuple[int, int]]]:
    """Whether each frame was intact, and (place, word) of what was stored.

    broken_at  in front of this byte another comes whose stop bit is 0
    deaf_at    in front of this byte nobody listens for a cycle
    """
    receiver = FrameReceiver(SILENCE)
    intact: list[int] = []
    stored: list[tuple[int, int]] = []

    async def feed(ctx: SimulatorContext) -> None:
        ctx.set(receiver.listen, 1)
        ctx.set(receiver.quiet, 1)
        for index, byte in enumerate(data):
            ctx.set(receiver.broken, index == broken_at)
            ctx.set(receiver.listen, index != deaf_at)
            await ctx.tick()
            ctx.set(receiver.broken, 0)
            ctx.set(receiver.listen, 1)
            ctx.set(receiver.octets.payload, byte)
            ctx.set(receiver.octets.valid, 1)
            await ctx.tick()
            ctx.set(receiver.octets.valid, 0)
            await ctx.tick().repeat(3)
        await ctx.tick().repeat(2 * SILENCE)

    async def listen(ctx: SimulatorContext) -> None:
        async for _, _, arrived, is_intact, store, place, word in ctx.tick().sample(
            receiver.arrived, receiver.intact, receiver.store, receiver.place, receiver.word
        ):
            intact.extend([is_intact] if arrived else [])
            stored.extend([(place, word)] if store else [])

    simulator = Simulator(receiver)
    simulator.add_clock(1e-6)
    simulator.add_testbench(feed)
    simulator.add_testbench(listen, background=True)
    simulator.run()
    return intact, stored


WORDS = b"\x01\x02\x03\x04\xa5\xa5\xa5\xa5"
STORED = [(0, 0x0403_0201), (1, 0xA5A5_A5A5)]


def test_two_frames_behind_each_other_arrive_with_their_words() -> None:
    assert arrivals(frame(WORDS) + frame(WORDS[:4])) == ([1, 1], [*STORED, STORED[0]])


@pytest.mark.parametrize("place", [1, 3, 8, 13, 20])
def test_a_byte_without_a_stop_bit_damages_the_frame_that_is_right_without_it(place: int) -> None:
    assert arrivals(frame(WORDS), broken_at=place)[0] == [0]


def test_a_byte_without_a_stop_bit_in_front_of_a_frame_is_forgotten() -> None:
    assert arrivals(frame(WORDS), broken_at=0) == ([1], STORED)


def test_a_frame_that_was_begun_is_forgotten_while_nobody_listens() -> None:
    assert arrivals(b"\xa5" + frame(WORDS), deaf_at=1) == ([1], STORED)


def test_masters_that_always_ask_get_the_memory_in_turn() -> None:
    bus = Axi4BusSpec(
        kind="axi4", data_bits=32, address_bits=32, weight_ports=1, burst_words=2, outstanding=1,
        read_fifo_words=4, write_fifo_words=4, list_entries=2,
    )  # fmt: skip
    memory = OnchipMemory(bus, 64, 3)
    ports = list(memory.read)
    taken: list[int] = []

    async def bench(ctx: SimulatorContext) -> None:
        for port in ports:
            ctx.set(port.arvalid, 1)
            ctx.set(port.rready, 1)
        for _ in range(200):
            _, _, *readies = await ctx.tick().sample(*(port.arready for port in ports))
            taken.extend(index for index, ready in enumerate(readies) if ready)

    simulator = Simulator(memory)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    counts = Counter(taken)
    assert len(counts) == 3 and max(counts.values()) - min(counts.values()) <= 1
    assert len(taken) > 30
