"""The host's end of a serial line to an accelerator (docs/serial.md)."""

from __future__ import annotations

import contextlib
import os
import select
import struct
import termios
import time
import tty
from collections.abc import Iterator, Sequence

from bitsim.errors import BitsimError, reason, shown_path
from bitsim.fpga.line.frames import Frame, FrameReader
from bitsim.spec.host.serial_protocol import (
    DONE,
    MAX_WORDS,
    REFUSED,
    SILENCE_S,
    WORD_BYTES,
    Kind,
    Refusal,
)

TRIES = 5
ANSWER_S = 1.0  # for an answer, beside the time that its bytes take
MOST_SILENCE_S = 2.0  # before a request is sent again
LINE_BITS = 10  # of a byte
_READ_BYTES = 4096


class SerialLink:
    """Reads and writes registers and memory; asks again when something was lost on the way.

    descriptor  of a serial port, a pseudo-terminal or a socket; read and written, never closed
    name        what the user knows it by
    baud        None: no line whose speed could matter
    """

    def __init__(
        self,
        descriptor: int,
        name: str,
        baud: int | None = None,
        answer_s: float = ANSWER_S,
        tries: int = TRIES,
    ) -> None:
        self.name = name
        self.repeats = 0  # requests that were sent again
        self.line_bytes = 0  # that have passed, both ways
        self._descriptor = descriptor
        self._byte_s = LINE_BITS / baud if baud else 0.0
        self._answer_s = answer_s
        self._tries = tries
        self._sequence = 0
        self._reader = FrameReader()

    def hello(self) -> None:
        """Begin a session; sequence numbers of earlier sessions no longer matter."""
        self._request(Kind.HELLO, b"", 0)

    def read_registers(self, offset: int, count: int) -> list[int]:
        """Words of registers that follow each other; those are read in this order."""
        return _words(self._read(Kind.READ_REGISTERS, offset, count))

    def write_registers(self, offset: int, words: Sequence[int]) -> None:
        """Write registers that follow each other, in this order."""
        self._write(Kind.WRITE_REGISTERS, offset, struct.pack(f"<{len(words)}I", *words))

    def read_memory(self, address: int, size_bytes: int) -> bytes:
        """Bytes of the memory; address and size are multiples of 4."""
        assert size_bytes % WORD_BYTES == 0
        return self._read(Kind.READ_MEMORY, address, size_bytes // WORD_BYTES)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write bytes of the memory; address and size are multiples of 4."""
        assert len(data) % WORD_BYTES == 0
        self._write(Kind.WRITE_MEMORY, address, data)

    def _read(self, kind: Kind, address: int, count: int) -> bytes:
        parts = []
        for first in range(0, count, MAX_WORDS):
            words = min(MAX_WORDS, count - first)
            body = struct.pack("<IH", address + first * WORD_BYTES, words)
            parts.append(self._request(kind, body, words * WORD_BYTES))
        return b"".join(parts)

    def _write(self, kind: Kind, address: int, data: bytes) -> None:
        most = MAX_WORDS * WORD_BYTES
        for first in range(0, len(data), most):
            part = data[first : first + most]
            head = struct.pack("<IH", address + first, len(part) // WORD_BYTES)
            self._request(kind, head + part, 0)

    def _request(self, kind: Kind, body: bytes, answer_bytes: int) -> bytes:
        self._sequence = (self._sequence + 1) % 256
        request = Frame(kind, self._sequence, body)
        for attempt in range(self._tries):
            if attempt:
                self.repeats += 1
                self._settle(2 * SILENCE_S * 2 ** (attempt - 1))
            self._send(request.encoded())
            answer = self._answer(request, answer_bytes)
            if answer is not None:
                return self._judged(request, answer, answer_bytes)
        raise BitsimError(
            f"{self.name}: no answer to {kind.name} in {self._tries} tries; check cable, power, "
            f"baud, and that the board holds this accelerator"
        )

    def _judged(self, request: Frame, answer: Frame, answer_bytes: int) -> bytes:
        kind = Kind(request.kind)
        if answer.kind == REFUSED:
            code = answer.body[0] if answer.body else 0
            name = Refusal(code).name if code in list(Refusal) else f"code {code}"
            where = f" at {int.from_bytes(request.body[:4], 'little'):#x}" if request.body else ""
            raise BitsimError(
                f"{self.name}: the board refused {kind.name}{where}: {name}; check that the board "
                f"holds this accelerator"
            )
        if answer.kind != kind | DONE or len(answer.body) != answer_bytes:
            raise BitsimError(
                f"{self.name}: kind {answer.kind:#x} with {len(answer.body)} bytes answered "
                f"{kind.name}; what is at the other end is no bitsim accelerator of this version"
            )
        return answer.body

    def _answer(self, request: Frame, answer_bytes: int) -> Frame | None:
        """The answer to a request; None if it, or the request, was lost or damaged."""
        line_bytes = len(request.encoded()) + len(request.body) + answer_bytes + 16
        deadline = time.monotonic() + self._answer_s + self._byte_s * line_bytes
        damaged = (REFUSED, bytes([Refusal.DAMAGED]))
        while (left_s := deadline - time.monotonic()) > 0:
            for frame in self._reader.take(self._receive(left_s)):
                if (frame.kind, frame.body) == damaged:
                    return None  # whatever sequence number it was taken for
                if frame.sequence == request.sequence:
                    return frame
        return None

    def _settle(self, silence_s: float) -> None:
        """Be silent until the other end has given up what it had begun, and drop what comes.

        Longer each time: what lies between (adapters, hubs, a busy computer) may be slow.
        """
        until = time.monotonic() + min(silence_s, MOST_SILENCE_S)
        while (left_s := until - time.monotonic()) > 0:
            self._receive(left_s)
        self._reader.forget()

    def _receive(self, most_s: float) -> bytes:
        ready, _, _ = select.select([self._descriptor], [], [], most_s)
        if not ready:
            return b""
        with self._named():
            data = os.read(self._descriptor, _READ_BYTES)
        if not data:
            raise BitsimError(f"{self.name}: closed by the other end; check cable and power")
        self.line_bytes += len(data)
        return data

    def _send(self, data: bytes) -> None:
        self.line_bytes += len(data)
        deadline = time.monotonic() + self._answer_s + 2 * self._byte_s * len(data)
        while data:
            left_s = deadline - time.monotonic()
            _, ready, _ = select.select([], [self._descriptor], [], max(0.0, left_s))
            if not ready:
                raise BitsimError(
                    f"{self.name}: takes no more bytes; check that nothing holds the line (flow "
                    f"control must be off)"
                )
            with self._named():
                data = data[os.write(self._descriptor, data) :]

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise BitsimError(f"{self.name}: {reason(error)}; check cable and power") from None


@contextlib.contextmanager
def open_serial(path: str, baud: int, **options: float) -> Iterator[SerialLink]:
    """A link over a serial port, set to 8N1 without flow control; `BitsimError` if there is none.

    options  of `SerialLink`
    """
    where = shown_path(path)
    speed = getattr(termios, f"B{baud}", None)
    if speed is None:
        raise BitsimError(f"{where}: {baud} baud is none that this system has; choose 115200")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise BitsimError(
            f"{where}: cannot be opened ({reason(error)}); check the path, and that you may use it"
        ) from None
    try:
        _set_raw(descriptor, speed, where)
        yield SerialLink(descriptor, where, baud, **options)  # type: ignore[arg-type]
    finally:
        os.close(descriptor)


def _set_raw(descriptor: int, speed: int, where: str) -> None:
    try:
        tty.setraw(descriptor)
        settings = termios.tcgetattr(descriptor)
        settings[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
        settings[4] = settings[5] = speed
        termios.tcsetattr(descriptor, termios.TCSANOW, settings)
        termios.tcflush(descriptor, termios.TCIOFLUSH)
    except termios.error as error:
        raise BitsimError(f"{where}: no serial port ({error.args[-1]}); check the path") from None


def _words(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // WORD_BYTES}I", data))
