"""A request and its answer on the serial line: each byte read from the two wires themselves."""

from __future__ import annotations

from amaranth.sim import SimulatorContext
from axi_run import SPEC
from capture import capture
from draw import Bit, Bus, Heading, Wave

from bitsim.fpga.line.frames import Frame
from bitsim.gateware.accelerator import SerialAccelerator
from bitsim.spec.host.serial_protocol import SYNC
from bitsim.spec.registers.map import register_map

DIVISOR = 8  # clock cycles of a bit
MACHINE = SPEC.changed(
    {"clock_mhz": 8.0, "host": {"kind": "serial", "baud": 1_000_000, "memory_bytes": 64}}
)
REGISTERS = register_map(MACHINE)
READ_REGISTERS = 0x02
NUMBER = 7  # of the request
BIT_AHEAD = 2  # what is drawn before the start bit


def serial_wave() -> Wave:
    """READ_REGISTERS of MAGIC; a cell is a bit of the first byte, then a byte."""
    offset = REGISTERS["MAGIC"].offset
    body = offset.to_bytes(4, "little") + (1).to_bytes(2, "little")
    request = Frame(READ_REGISTERS, NUMBER, body).encoded()
    dut = SerialAccelerator(MACHINE)

    async def bench(ctx: SimulatorContext) -> None:
        ctx.set(dut.rx, 1)
        await ctx.tick().repeat(BIT_AHEAD * DIVISOR)
        for byte in request:
            for bit in (0, *(byte >> place & 1 for place in range(8)), 1):
                ctx.set(dut.rx, bit)
                await ctx.tick().repeat(DIVISOR)
        for _ in range(30 * 10 * DIVISOR):
            await ctx.tick()

    trace = capture(dut, bench)
    rx, tx = trace.number("rx"), trace.number("tx")
    asked, answered = _bytes(rx), _bytes(tx)
    sent = bytes(byte for _, byte in asked)
    heard = bytes(byte for _, byte in answered)
    assert sent == request
    magic = REGISTERS["MAGIC"].fields[0].constant
    assert magic is not None
    assert heard == Frame(READ_REGISTERS | 0x80, NUMBER, magic.to_bytes(4, "little")).encoded()
    assert heard[0] == SYNC
    first = rx[BIT_AHEAD * DIVISOR :: DIVISOR]
    waited = answered[0][0] - asked[-1][0] - 10 * DIVISOR
    return _wave(sent, heard, first[:10], waited)


def _bytes(line: list[int]) -> list[tuple[int, int]]:
    """(cycle of the start bit, byte) of each byte on a line, sampled in the middle of its bits."""
    found, cycle = [], 0
    while cycle < len(line):
        if line[cycle]:
            cycle += 1
            continue
        middles = [line[cycle + place * DIVISOR + DIVISOR // 2] for place in range(10)]
        assert (middles[0], middles[9]) == (0, 1), cycle
        found.append((cycle, sum(bit << place for place, bit in enumerate(middles[1:9]))))
        cycle += 9 * DIVISOR + DIVISOR // 2
    return found


def _meanings(data: bytes) -> list[str | None]:
    """What each byte is: a request's body is address and count, an answer's the word."""
    head = ["sync", "kind", "no.", "length", "length"]
    body = len(data) - len(head) - 2
    parts = ["address"] * 4 + ["count"] * 2 if body == 6 else ["word: MAGIC"] * 4
    assert len(parts) == body
    return [*head, *parts, "CRC", "CRC"]


def _wave(sent: bytes, heard: bytes, bits: list[int], waited: int) -> Wave:
    """Cells: 12 bits of the line, then the bytes of the request, then those of the answer."""
    line: list[int | None] = [1, *bits, 1]
    ticks = ["", "start", *map(str, range(8)), "stop", ""]
    ahead, asked, answered = len(line), len(sent), len(heard)
    nothing: list[str | None] = [None]
    first: list[str | None] = [None, *[f"0x{sent[0]:02x}, lowest bit first"] * 10, None]
    return Wave(
        "READ_REGISTERS of MAGIC over the serial line: the first byte, the request, the answer",
        [
            Heading("rx"),
            Bit("line", [*line, *[None] * (asked + answered)]),
            Bus(
                "bytes",
                [*nothing * ahead, *[f"{each:02x}" for each in sent], *nothing * answered],
                joined=False,
            ),
            Bus("request", [*first, *_meanings(sent), *nothing * answered]),
            Heading("tx"),
            Bus(
                "bytes",
                [*nothing * (ahead + asked), *[f"{each:02x}" for each in heard]],
                joined=False,
            ),
            Bus("answer", [*nothing * (ahead + asked), *_meanings(heard)]),
        ],
        [(0, ahead), (ahead, ahead + asked), (ahead + asked, ahead + asked + answered)],
        [
            f"Here a bit has {DIVISOR} clock cycles, the least; the answer begins {waited} cycles "
            "behind the stop bit of the request. Numbers are sent low byte first, the CRC high "
            "byte first.",
        ],
        axis="bit, then byte",
        ticks=[*ticks, *map(str, range(asked)), *map(str, range(answered))],
    )
