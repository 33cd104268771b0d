"""The host's end of the serial line, against peers that are wrong, slow, or gone."""

from __future__ import annotations

import binascii
import os
import pty
import random
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bitsim.errors import BitsimError
from bitsim.fpga.line.frames import Frame, FrameReader, crc
from bitsim.fpga.line.serial_link import SerialLink, open_serial
from bitsim.gateware.serial.frame_sender import crc_step
from bitsim.spec.host.serial_protocol import (
    CRC_INIT,
    CRC_POLYNOMIAL,
    DONE,
    MAX_WORDS,
    REFUSED,
    SYNC,
    Kind,
    Refusal,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "serial.md"


def test_the_crc_is_the_published_one() -> None:
    """Check value of CRC-16/IBM-3740 in the catalogue of parametrised CRC algorithms."""
    assert crc(b"123456789") == 0x29B1
    assert binascii.crc_hqx(b"123456789", CRC_INIT) == 0x29B1
    assert CRC_POLYNOMIAL == 0x1021


def test_the_hardware_computes_that_crc() -> None:
    from amaranth.hdl import Module, Signal
    from amaranth.sim import Simulator, SimulatorContext

    m = Module()
    before, octet, after = Signal(16), Signal(8), Signal(16)
    m.d.comb += after.eq(crc_step(before, octet))
    drawn = random.Random(0)

    async def bench(ctx: SimulatorContext) -> None:
        value, data = CRC_INIT, b""
        for byte in [*range(256), *drawn.randbytes(200)]:
            ctx.set(before, value)
            ctx.set(octet, byte)
            await ctx.delay(1e-6)
            value, data = ctx.get(after), data + bytes([byte])
            assert value == binascii.crc_hqx(data, CRC_INIT)

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()


def test_frames_are_found_however_the_bytes_come_and_whatever_lies_between() -> None:
    drawn = random.Random(1)
    for _ in range(200):
        frames, line = [], b""
        for _ in range(4):
            body = drawn.randbytes(drawn.choice([0, 1, 5, 6, 60]))
            frames.append(Frame(drawn.randrange(256), drawn.randrange(256), body))
            noise = bytes(b for b in drawn.randbytes(drawn.randrange(4)) if b != SYNC)
            line += noise + frames[-1].encoded()
        reader, found = FrameReader(), []
        while line:
            count = drawn.randrange(1, 30)
            found += reader.take(line[:count])
            line = line[count:]
        assert found == frames


def test_a_broken_frame_hides_no_whole_one_that_is_already_there() -> None:
    whole = Frame(0x81, 2, b"\xa5\xa5\x01")
    broken = bytearray(Frame(0x84, 1, b"12345678").encoded())
    broken[7] ^= 0x10
    assert FrameReader().take(bytes(broken) + whole.encoded()) == [whole]
    endless = bytes([SYNC, 1, 1, 0xFF, 0xFF])
    assert FrameReader().take(endless + whole.encoded()) == [whole]


Peer = Callable[[Frame], bytes]


def talk(peer: Peer, use: Callable[[SerialLink], object], **options: float) -> tuple[object, int]:
    """What a link's user gets of a peer that answers each frame with these bytes."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        reader = FrameReader()
        while data := theirs.recv(4096):
            for frame in reader.take(data):
                theirs.sendall(peer(frame))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        link = SerialLink(ours.fileno(), "the board", **({"answer_s": 0.05} | options))  # type: ignore[arg-type]
        return use(link), link.repeats
    finally:
        ours.close()
        thread.join()
        theirs.close()


def done(frame: Frame, body: bytes = b"") -> bytes:
    return Frame(frame.kind | DONE, frame.sequence, body).encoded()


def test_long_ranges_are_cut_into_frames_that_follow_each_other() -> None:
    asked: list[tuple[int, int, int, int]] = []

    def peer(frame: Frame) -> bytes:
        address, count = (
            int.from_bytes(frame.body[:4], "little"),
            frame.body[4] | frame.body[5] << 8,
        )
        asked.append((frame.kind, address, count, len(frame.body)))
        return done(frame, bytes(4 * count) if frame.kind == Kind.READ_MEMORY else b"")

    def use(link: SerialLink) -> bytes:
        link.write_memory(64, bytes(4 * (MAX_WORDS + 1)))
        return link.read_memory(8, 4 * (2 * MAX_WORDS + 3))

    found, repeats = talk(peer, use)
    assert (found, repeats) == (bytes(4 * (2 * MAX_WORDS + 3)), 0)
    assert asked == [
        (Kind.WRITE_MEMORY, 64, 128, 6 + 512),
        (Kind.WRITE_MEMORY, 64 + 512, 1, 10),
        (Kind.READ_MEMORY, 8, 128, 6),
        (Kind.READ_MEMORY, 8 + 512, 128, 6),
        (Kind.READ_MEMORY, 8 + 1024, 3, 6),
    ]


def test_a_lost_answer_is_asked_for_with_the_same_number_and_a_late_one_is_passed_over() -> None:
    seen: list[int] = []

    def peer(frame: Frame) -> bytes:
        seen.append(frame.sequence)
        answer = Frame(frame.kind | DONE, frame.sequence, bytes([len(seen)] * 4))
        late = Frame(frame.kind | DONE, frame.sequence - 1, b"late").encoded()
        return b"" if len(seen) == 1 else late + b"\x00\xa5" + answer.encoded()

    found, repeats = talk(peer, lambda link: link.read_memory(0, 4))
    assert (found, repeats, seen) == (b"\x02" * 4, 1, [1, 1])


def test_a_damaged_request_is_sent_again_at_once_whatever_number_was_read() -> None:
    seen: list[bytes] = []

    def peer(frame: Frame) -> bytes:
        seen.append(frame.body)
        if len(seen) < 3:
            return Frame(REFUSED, 200, bytes([Refusal.DAMAGED])).encoded()
        return done(frame)

    started = time.monotonic()
    _, repeats = talk(peer, lambda link: link.write_registers(4, [7]), answer_s=5.0)
    assert repeats == 2
    assert seen == [b"\x04\x00\x00\x00\x01\x00\x07\x00\x00\x00"] * 3
    assert time.monotonic() - started < 4


@pytest.mark.parametrize(
    ("peer", "text"),
    [
        (lambda frame: b"", r"no answer to READ_MEMORY in 3 tries; check cable"),
        (lambda frame: frame.encoded(), r"kind 0x4 with 6 bytes answered READ_MEMORY; .* version"),
        (lambda frame: done(frame, b"12345678"), r"kind 0x84 with 8 bytes answered"),
        (
            lambda frame: Frame(REFUSED, frame.sequence, bytes([Refusal.ADDRESS])).encoded(),
            r"the board refused READ_MEMORY at 0x100: ADDRESS; check",
        ),
        (
            lambda frame: Frame(REFUSED, frame.sequence, b"\x63").encoded(),
            r"refused READ_MEMORY at 0x100: code 99; check",
        ),
        (lambda frame: b"\xa5" * 600, r"no answer to READ_MEMORY in 3 tries"),
    ],
)
def test_a_peer_that_is_wrong_is_one_line(peer: Peer, text: str) -> None:
    with pytest.raises(BitsimError) as caught:
        talk(peer, lambda link: link.read_memory(0x100, 4), tries=3)
    assert re.match(rf"the board: (the board )?.*{text}", f"{caught.value}")
    assert "\n" not in str(caught.value)


def test_a_line_that_closes_is_one_line() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    link = SerialLink(ours.fileno(), "the board")
    with pytest.raises(BitsimError, match=r"^the board: (Broken pipe|closed by the other end); "):
        link.hello()
    ours.close()


def test_paths_that_are_no_serial_port_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path, baud, text in (
        (str(tmp_path / "none"), 115_200, "No such file"),
        (str(tmp_path / "file"), 115_200, "no serial port"),
        (str(tmp_path), 115_200, "cannot be opened"),
        ("/dev/null", 115_200, "no serial port"),
        ("/dev/null\0", 115_200, "cannot be opened"),
        ("/dev/null", 123_456, "123456 baud is none that this system has"),
    ):
        with pytest.raises(BitsimError, match=text) as caught, open_serial(path, baud):
            pass
        assert len(str(caught.value).splitlines()) == 1
    assert (tmp_path / "file").read_text() == "x"


def test_a_terminal_is_set_to_pass_every_byte() -> None:
    board, line = pty.openpty()
    name = os.ttyname(line)
    answers = Frame(Kind.READ_MEMORY | DONE, 1, bytes(range(256)) * 2).encoded()

    def serve() -> None:
        reader = FrameReader()
        while not reader.take(os.read(board, 1)):
            pass
        os.write(board, answers)

    thread = threading.Thread(target=serve)
    thread.start()
    with open_serial(name, 115_200) as link:
        assert link.read_memory(0, 512) == bytes(range(256)) * 2
    thread.join()
    os.close(board)
    os.close(line)


def test_the_document_names_every_number_of_the_protocol() -> None:
    text = PAGE.read_text()
    for kind in Kind:
        assert f"| {kind:#04x} | {kind.name} |" in text
    for refusal in Refusal:
        assert f"| {refusal} | {refusal.name} |" in text
    for number in (SYNC, CRC_POLYNOMIAL, CRC_INIT, REFUSED, DONE):
        assert f"0x{number:X}" in text
